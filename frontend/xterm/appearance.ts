// Colours of the terminal: read from the style sheet's tokens, so that they match the page.

import type { ITheme } from "@xterm/xterm";

const ANSI = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

export function readTheme(host: HTMLElement): ITheme {
  const style = getComputedStyle(host);
  const colour = (name: string): string => style.getPropertyValue(`--term-${name}`).trim();
  const theme: Record<string, string> = {
    background: colour("bg"),
    foreground: colour("fg"),
    cursor: colour("cursor"),
    cursorAccent: colour("bg"),
    selectionBackground: colour("selection"),
    selectionInactiveBackground: colour("selection"),
  };
  for (const name of ANSI) {
    theme[name] = colour(name);
    theme[`bright${name[0]?.toUpperCase()}${name.slice(1)}`] = colour(`bright-${name}`);
  }
  return theme;
}

/** Calls `changed` when theme or contrast changes. Returns a function that removes the listeners. */
export function followAppearance(changed: () => void): () => void {
  const root = document.documentElement;
  const observer = new MutationObserver(changed);
  observer.observe(root, { attributes: true, attributeFilter: ["data-theme", "data-contrast"] });
  const queries = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"].map((query) => matchMedia(query));
  for (const query of queries) query.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener("change", changed);
  };
}
