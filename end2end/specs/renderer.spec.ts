// The renderer of the terminal, in the complete browser.
import type { Page } from "@playwright/test";

import { TerminalPage } from "../pages/terminal";
import { expect, signInPage, test } from "../fixtures/test";

const renderer = (page: Page) =>
  page
    .getByTestId("terminal")
    .evaluate((host) => (host as unknown as { rexecTerminal?: { renderer(): string } }).rexecTerminal?.renderer());

test("a terminal is drawn by WebGL, and by the DOM renderer when WebGL is lost or missing", async ({
  running,
  openPage,
}) => {
  const { user, id } = running;
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  expect(await renderer(page)).toBe("webgl");
  const lost = await page.evaluate(() => {
    const cards = [...document.querySelectorAll("canvas")].map((canvas) => canvas.getContext("webgl2"));
    for (const card of cards) card?.getExtension("WEBGL_lose_context")?.loseContext();
    return cards.filter((card) => card !== null).length;
  });
  expect(lost).toBeGreaterThan(0);
  await expect.poll(() => renderer(page)).toBe("dom");
  expect(await terminal.run("echo drawn-$((1+1))")).toBe("drawn-2");
  await expect(page.locator(".xterm-rows"), "the rows are elements now").toContainText("drawn-2");

  const without = await openPage(undefined);
  await without.addInitScript(() => {
    const get = Reflect.get(HTMLCanvasElement.prototype, "getContext") as (kind: string) => unknown;
    Object.assign(HTMLCanvasElement.prototype, {
      getContext(this: HTMLCanvasElement, ...args: [string]): unknown {
        return args[0].startsWith("webgl") ? null : Reflect.apply(get, this, args);
      },
    });
  });
  await signInPage(without, user);
  const plain = await new TerminalPage(without).open(id);
  await plain.ready();
  expect(await renderer(without)).toBe("dom");
  expect(await plain.run("echo plain-$((1+1))")).toBe("plain-2");
  await expect(without.locator(".xterm-rows")).toContainText("plain-2");
});
