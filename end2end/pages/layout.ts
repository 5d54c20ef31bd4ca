// The layout of a page at three widths, and its pictures.
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { expect, type Page } from "@playwright/test";

import { ARTEFACTS } from "../fixtures/server";

/** Takes the pictures as well: `./test e2e --long`. */
export const PICTURES = process.env["REXEC_E2E_LONG"] === "1";
export const SCREENS = join(ARTEFACTS, "screens");
const WIDTHS = [
  [1440, 900],
  [768, 1024],
  [390, 844],
] as const;

/** Pixels by which the page is wider than the window, and the terminal does not fit into its container. */
function unfit(): [number, number] {
  const sideways = Math.max(0, document.documentElement.scrollWidth - innerWidth);
  const host = document.querySelector(".terminal-host");
  const screen = host?.querySelector(".xterm-screen");
  if (!host || !screen) return [sideways, 0];
  // It may leave its margins and the scroll bar free.
  const left = host.clientWidth - screen.clientWidth;
  return [sideways, left < 0 ? -left : Math.max(0, left - 64)];
}

export async function fits(page: Page, what: string): Promise<void> {
  await expect.poll(() => page.evaluate(unfit), { message: what, intervals: [20, 50, 100] }).toEqual([0, 0]);
}

/** Checks a page at all widths, dark and light. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true });
  for (const [width, height] of WIDTHS) {
    await page.setViewportSize({ width, height });
    await fits(page, `${name} fits into ${width}`);
    if (!PICTURES) continue;
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: join(SCREENS, `${name}-${width}-${colorScheme}.png`), animations: "disabled" });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}
