// A server with PostgreSQL. Needs a PostgreSQL server on which databases may be created,
// named in REXEC_TEST_POSTGRES_URL; ./test starts one.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";

import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import type { AuditView, Page } from "../fixtures/contract";
import { expect, test } from "../fixtures/test";
import { User } from "../fixtures/user";
import { Server } from "../fixtures/server";
import { attach } from "../fixtures/socket";

const URL_OF_SERVER = process.env["REXEC_TEST_POSTGRES_URL"] ?? "";

/** A new, empty database; gives its address. */
function emptyDatabase(): string {
  const name = `rexec_${randomUUID().replaceAll("-", "")}`;
  execFileSync("psql", ["--quiet", "--no-psqlrc", URL_OF_SERVER, "-c", `CREATE DATABASE ${name}`], { timeout: 30_000 });
  const address = new URL(URL_OF_SERVER);
  address.pathname = `/${name}`;
  return address.href;
}

test("with PostgreSQL: set-up, work, lock, a server crash, unlock", async ({ browser, pageErrors }) => {
  test.skip(URL_OF_SERVER === "" && process.env["CI"] !== "true", "REXEC_TEST_POSTGRES_URL names no server");
  pageErrors.expectNoServer();
  pageErrors.expectStatus(401, 404, 423, 502, 503);
  const server = await Server.fresh(() => `database_url = "${emptyDatabase()}"\n`);
  const context = await browser.newContext({ baseURL: server.origin });
  await pageErrors.follow(context);
  const first = await context.newPage();
  await first.goto(server.setupLink ?? "");
  const ada = new User(server.origin, "ada", "a sentence nobody guesses");
  await new EntryPage(first).choose(ada.username, ada.password, "setup-submit");
  await expect(new Dashboard(first).empty).toBeVisible();
  await ada.signIn();
  // The first page navigates: a new factor ends its login.
  await ada.enrol();
  await first.close();
  const page = await context.newPage();
  const dashboard = new Dashboard(page);
  await page.goto("/login");
  const login = new EntryPage(page);
  await login.signIn(ada.username, ada.password);
  await login.useRecoveryCode(ada.takeRecoveryCode());
  await expect(dashboard.empty).toBeVisible();
  const id = await dashboard.launch("in postgresql");
  const terminal = new TerminalPage(page);
  await terminal.ready();
  await terminal.run("kept=$((6*7))");
  await terminal.lockFromToolbar();
  await terminal.asksForCode();
  await server.kill();
  await server.restart();
  expect((await attach(ada.api, id)).status).toBe(423);
  await page.reload();
  await terminal.asksForCode();
  await terminal.answer("unlock", await ada.nextCode());
  await terminal.ready();
  expect(await terminal.run("echo value-$kept")).toBe("value-42");
  const { items } = await ada.api.get<Page<AuditView>>("/api/account/audit?limit=200");
  expect(items.map(({ event }) => event)).toContain("terminal_mfa_locked");
  expect((await ada.api.get<{ intact: boolean }>("/api/admin/audit/verify")).intact).toBe(true);
  expect(
    readdirSync(server.dataDir).filter((name) => name.startsWith("rexec.db")),
    "the embedded one is not used",
  ).toEqual([]);
  await context.close();
  await ada.delete(id);
  expect(await server.dispose()).toEqual({ containers: [], volumes: [] });
});
