// What a page loads and when.
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
  running,
  openPage,
}) => {
  const { user, id } = running;
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
