// From the printed set-up link to a prompt.
import { randomUUID } from "node:crypto";

import { Api } from "../fixtures/api";
import { expect, test as base } from "../fixtures/test";
import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import { Server } from "../fixtures/server";
import { PageErrors } from "../fixtures/page-errors";

/** A server that is not set up. */
const test = base.extend<{ untouched: Server }>({
  untouched: async ({}, use) => {
    const server = await Server.fresh();
    await use(server);
    expect(await server.dispose()).toEqual({ containers: [], volumes: [] });
  },
});

test("the printed link creates the administrator, who opens a terminal and restarts its shell", async ({
  browser,
  untouched,
}) => {
  const pageErrors = new PageErrors();
  // After deleting, the page requests the deleted terminal once more.
  pageErrors.expectStatus(404);
  const context = await browser.newContext({ baseURL: untouched.origin });
  await pageErrors.follow(context);
  const page = await context.newPage();
  const link = untouched.setupLink ?? "";
  expect(link).toMatch(/\/setup\?token=[\w-]{22,}$/);

  await page.goto("/");
  await expect(page, "nobody is signed in").toHaveURL(/\/login/);
  await expect(page.getByTestId("setup-needed")).toBeVisible();

  await page.goto(link);
  const setup = new EntryPage(page);
  await expect(page, "the token leaves the address bar").toHaveURL(`${untouched.origin}/setup`);
  await setup.choose("ada", "short", "setup-submit");
  await expect(page.getByText(/at least 8 characters/)).toBeVisible();
  await setup.password.fill("a sentence nobody guesses");
  await setup.repeat.fill("another sentence");
  await page.getByTestId("setup-submit").click();
  await expect(page.getByText(/not the same/)).toBeVisible();
  await setup.choose("ada", "a sentence nobody guesses", "setup-submit");

  const dashboard = new Dashboard(page);
  await expect(dashboard.empty).toBeVisible();
  await expect(page.getByTestId("username")).toHaveText("ada");
  const id = await dashboard.launch("first");
  const terminal = new TerminalPage(page);
  await terminal.ready();
  await expect(page.getByTestId("terminal-name")).toHaveText("first");
  expect(await terminal.run("echo sum-$((40+2))")).toBe("sum-42");
  await terminal.showsLock("open");

  await terminal.enter("exit 3");
  await expect(terminal.exitBanner).toHaveAttribute("data-status", "3");
  await expect(terminal.exitBanner).toContainText("status 3");
  await page.getByTestId("new-shell").click();
  await expect(terminal.exitBanner).toBeHidden();
  await terminal.ready();
  expect(await terminal.run("echo again-$((1+1))")).toBe("again-2");

  await dashboard.open();
  await expect(dashboard.card(id)).toHaveAttribute("data-state", "running");
  await dashboard.act(id, "delete");
  await page.getByTestId("delete-confirm").click();
  await expect(dashboard.card(id)).toHaveCount(0);
  await expect(dashboard.empty).toBeVisible();

  await page.goto(link);
  await expect(page.getByTestId("setup-done"), "the link works once").toBeVisible();
  await context.close();
  expect(pageErrors.unexpected()).toEqual([]);
});

test("concurrent use of the set-up link creates one administrator", async ({ untouched }) => {
  const token = new URL(untouched.setupLink ?? "").searchParams.get("token");
  const tries = Array.from({ length: 8 }, (_, i) =>
    new Api(untouched.origin).exchange("POST", "/api/setup", {
      token,
      username: `admin-${i}`,
      password: `a password of ${randomUUID()}`,
    }),
  );
  const statuses = (await Promise.all(tries)).map((reply) => reply.status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409 || status === 403)).toHaveLength(7);
});

test("a wrong token creates no account, and a restart prints a valid link", async ({ untouched }) => {
  const body = { token: "A".repeat(43), username: "mallory", password: "a sentence nobody guesses" };
  expect((await new Api(untouched.origin).refused("POST", "/api/setup", body)).status).toBe(403);
  await untouched.stop();
  await untouched.restart();
  const token = new URL(untouched.setupLink ?? "").searchParams.get("token");
  await new Api(untouched.origin).post("/api/setup", { ...body, token, username: "ada" });
  await untouched.stop();
  await untouched.restart();
  expect(untouched.setupLink, "no link once there is an administrator").toBeUndefined();
});
