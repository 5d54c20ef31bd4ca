// What happens between two looks at a page: things that are kept back, and texts that are gone again at once.
import type { Page } from "@playwright/test";

/** Keeps something back; `release` lets it go. */
export function held(): { promise: Promise<void>; release: () => void } {
  let release = () => {};
  const promise = new Promise<void>((resolve) => (release = resolve));
  return { promise, release };
}

/** Keeps every text an element shows from now on; an element that is not there has none. */
export async function keepTexts(page: Page, testid: string): Promise<() => Promise<string[]>> {
  await page.evaluate((testid) => {
    const texts: string[] = [];
    const look = () => {
      const text = document.querySelector(`[data-testid=${testid}]`)?.textContent ?? "";
      if (texts.at(-1) !== text) texts.push(text);
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    Object.assign(window, { texts });
  }, testid);
  return () => page.evaluate(() => (window as unknown as { texts: string[] }).texts);
}
