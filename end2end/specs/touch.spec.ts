// Touch: real touch events, dispatched below the page.
import type { CDPSession, Page } from "@playwright/test";

import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

type Host = Element & { rexecTerminal?: { shown(): string[] } };

/** The visible numbers, one per line. */
function shown(terminal: TerminalPage): Promise<number[]> {
  return terminal.host.evaluate((host) => {
    return ((host as Host).rexecTerminal?.shown() ?? []).filter((line) => /^\d+$/.test(line)).map(Number);
  });
}

/** The first and the last of them; fails if there are none. */
async function range(terminal: TerminalPage): Promise<[number, number]> {
  const numbers = await shown(terminal);
  return numbers.length === 0 ? [NaN, NaN] : [Math.min(...numbers), Math.max(...numbers)];
}

/** Waits until scrolling ended: no line moved for as many frames as the slowest scrolling needs. */
async function rests(terminal: TerminalPage): Promise<void> {
  await terminal.host.evaluate(async (host) => {
    let [last, still] = ["", 0];
    while (still < 60) {
      await new Promise(requestAnimationFrame);
      const now = (host as Host).rexecTerminal?.shown().join("\n") ?? "";
      still = now === last ? still + 1 : 0;
      last = now;
    }
  });
}

/** Swipes over the terminal, downwards if `down` is positive. */
async function drag(page: Page, fingers: CDPSession, down: number): Promise<void> {
  const box = await page.getByTestId("terminal").boundingBox();
  const [x, top] = [(box?.x ?? 0) + 100, (box?.y ?? 0) + (down > 0 ? 60 : 60 - down)];
  const touch = (type: string, points: { x: number; y: number }[]) =>
    fingers.send("Input.dispatchTouchEvent", { type: type as "touchStart", touchPoints: points });
  await touch("touchStart", [{ x, y: top }]);
  const steps = 20;
  for (let step = 1; step <= steps; step++) await touch("touchMove", [{ x, y: top + (down * step) / steps }]);
  await touch("touchEnd", []);
}

test("touch scrolls the scrollback and programs, a tap focuses, and the menu copies the visible text", async ({
  running,
  openPage,
}) => {
  const page = await openPage(running.user, { ...PHONE, permissions: ["clipboard-read", "clipboard-write"] });
  const fingers = await page.context().newCDPSession(page);
  const terminal = await new TerminalPage(page).open(running.id);
  await terminal.ready();
  await terminal.run("seq 300");
  const last = async () => (await range(terminal))[1];
  expect(await last()).toBe(300);
  await drag(page, fingers, 200);
  await expect.poll(last).toBeLessThan(295);
  await drag(page, fingers, -400);
  await expect.poll(last).toBe(300);

  // The alternate screen has no scrollback: the program gets the scroll events.
  await terminal.enter("seq 300 > numbers; LESS= less numbers");
  await expect.poll(() => shown(terminal)).toContain(1);
  await drag(page, fingers, -200);
  await expect.poll(async () => (await range(terminal))[0]).toBeGreaterThan(1);
  expect(await last(), "still the program's own screen").toBeLessThan(200);

  await page.getByRole("toolbar", { name: "Terminal" }).getByTestId("card-menu").focus();
  // A tap during scrolling stops it and is not a click.
  await rests(terminal);
  await terminal.host.tap();
  await expect.poll(() => terminal.host.evaluate((host) => host.contains(document.activeElement))).toBe(true);
  await page.keyboard.type("q");
  await terminal.ready();

  // Nothing is selected.
  const copy = async () => {
    await page.getByRole("toolbar", { name: "Terminal" }).getByTestId("card-menu").tap();
    await page.getByTestId("menu-copy").tap();
  };
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await terminal.run("seq 12");
  await copy();
  await expect.poll(copied).toMatch(/^11\n12$/m);
  await expect(page.getByTestId("toast")).toContainText("Copied");
  await terminal.run("seq 40 52");
  await copy();
  await expect.poll(copied, "what is shown now").toMatch(/^51\n52$/m);
});
