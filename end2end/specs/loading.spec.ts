// What a page loads and when, and the renderer of the terminal.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { TerminalPage } from "../pages/terminal";
import { Api } from "../fixtures/api";
import { expect, signInPage, test } from "../fixtures/test";
import { ROOT } from "../fixtures/server";

/** Paths of requested scripts, WASM modules and style sheets, in order. */
function broughtBy(page: Page): string[] {
  const brought: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (/\.(js|wasm|css)$/.test(pathname) && !brought.includes(pathname)) brought.push(pathname);
  });
  return brought;
}

/** The limit that `./test budget` applies to the same files. */
function budget(): number {
  const text = readFileSync(join(ROOT, "scripts/test/budget.mjs"), "utf8");
  return Number(/"first page", max: ([\d_]+)/.exec(text)?.[1]?.replaceAll("_", ""));
}

test("the first page stays within its budget, and the emulator loads with the first terminal", async ({
  user,
  openPage,
}) => {
  const { id } = await user.launch();
  const page = await openPage(undefined);
  const brought = broughtBy(page);
  await page.goto("/login");
  await expect(page.getByTestId("login-submit")).toBeEnabled();
  expect([...brought].sort()).toEqual(["/pkg/rexec.css", "/pkg/rexec.js", "/pkg/rexec.wasm"]);
  let bytes = 0;
  for (const path of brought) {
    const { headers } = await new Api(user.origin).exchange("GET", path, undefined, {
      headers: { "accept-encoding": "br" },
    });
    expect(headers["content-encoding"], path).toBe("br");
    bytes += Number(headers["content-length"]);
  }
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThanOrEqual(budget());
  await signInPage(page, user);
  await page.goto("/");
  await expect(page.getByTestId("card")).toHaveCount(1);
  await expect(page.getByTestId("new-terminal"), "the program runs").toBeEnabled();
  expect(
    brought.filter((path) => path.includes("terminal")),
    "no emulator without a terminal",
  ).toEqual([]);
  await new TerminalPage(page).open(id).then((terminal) => terminal.ready());
  expect(brought).toContain("/pkg/terminal.js");
});

const renderer = (page: Page) =>
  page
    .getByTestId("terminal")
    .evaluate((host) => (host as unknown as { rexecTerminal?: { renderer(): string } }).rexecTerminal?.renderer());

test("a terminal is drawn by WebGL, and by the DOM renderer when WebGL is lost or missing", async ({
  user,
  openPage,
}) => {
  const { id } = await user.launch();
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
