// The shell outlives the tab, the network and the server.
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { TerminalPage } from "../pages/terminal";
import type { Page as List, Terminal } from "../fixtures/contract";
import { docker, remainsOf } from "../fixtures/engine";
import { attached } from "../fixtures/socket";
import { expect, test } from "../fixtures/test";
import type { User } from "../fixtures/user";
import type { PageErrors } from "../fixtures/page-errors";

type Visit = (who: User) => Promise<Page>;

/** After a restart: still locked, unlocked by a code, and the shell still has its variable (`kept`). */
async function findsItLockedAndItsShellAsItWas(page: Page, id: string, user: User): Promise<void> {
  const terminal = new TerminalPage(page);
  await page.reload();
  await terminal.asksForCode();
  expect((await user.lockStatus(id)).mfa_locked).toBe(true);
  // The page was just loaded: the code has to be valid until it can be used.
  await terminal.answer("unlock", await user.nextCode(25_000));
  await terminal.ready();
  expect(await terminal.run("echo value-$kept")).toBe("value-42");
}

/** A terminal at its prompt in a tab, whose server will be stopped and may have locked it before. */
async function openBeforeTheServerDies(
  user: User,
  openPage: Visit,
  pageErrors: PageErrors,
): Promise<{ id: string; page: Page; terminal: TerminalPage }> {
  pageErrors.expectNoServer();
  pageErrors.expectStatus(423, 502, 503);
  const { id } = await user.launch();
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  return { id, page, terminal };
}

test("a closed tab leaves the shell running, and a new one shows screen and scrollback", async ({ user, openPage }) => {
  const { id } = await user.launch();
  const first = await openPage(user);
  const before = await new TerminalPage(first).open(id);
  await before.ready();
  await before.run("kept=$((6*7)); seq 1 120 | sed 's/^/line-/'");
  await first.close();
  const second = await openPage(user);
  const after = await new TerminalPage(second).open(id);
  await after.ready();
  await after.sees(/line-120/);
  await after.sees(/^line-2$/m);
  // The redraw wraps like the original output: no blank lines are added.
  await second.setViewportSize({ width: 480, height: 800 });
  await after.sees(/^line-118\nline-119\nline-120$/m);
  expect(await after.run("echo value-$kept")).toBe("value-42");
});

test("a silently lost network is detected, and the tab reconnects", async ({ user, openPage, pageErrors }) => {
  pageErrors.expect(/net::ERR_(INTERNET_DISCONNECTED|NETWORK_CHANGED)|WebSocket connection to .* failed/);
  const { id } = await user.launch();
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await terminal.run("kept=$((6*7))");
  await page.context().setOffline(true);
  await expect(terminal.reconnecting).toContainText("what you type now is not sent");
  await page.context().setOffline(false);
  await expect(terminal.reconnecting).toBeHidden();
  expect(await terminal.run("echo value-$kept")).toBe("value-42");
});

test("after a server crash the tab reconnects to the same shell", async ({
  environment,
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectNoServer();
  pageErrors.expectStatus(502, 503);
  const { id } = await user.launch();
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await terminal.run("kept=$((6*7)); { (sleep 1; echo meanwhile-$((1+1)) > ~/proof) & }");
  await environment.server.kill();
  await expect(terminal.reconnecting).toBeVisible();
  await environment.server.restart();
  await expect(terminal.reconnecting).toBeHidden({ timeout: 45_000 });
  expect(await terminal.run("echo value-$kept")).toBe("value-42");
  // The running command completes before or after the server ends.
  expect(await terminal.run("wait; cat ~/proof")).toContain("meanwhile-2");
});

test("locks survive a server crash, and open tabs of locked terminals show nothing", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  const { id, page, terminal } = await openBeforeTheServerDies(userWithFactor, openPage, pageErrors);
  await terminal.run("kept=$((6*7)); echo visible-$kept");
  await userWithFactor.lock(id);
  await terminal.asksForCode();
  await environment.server.kill();
  await terminal.asksForCode();
  await environment.server.restart();
  await findsItLockedAndItsShellAsItWas(page, id, userWithFactor);
});

test("a server crash during a lock leaves the terminal locked for open tabs", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  const { id, terminal } = await openBeforeTheServerDies(userWithFactor, openPage, pageErrors);
  await userWithFactor.lock(id);
  // The close frame may be lost with the server: then the tab only lost its connection.
  await environment.server.kill();
  await expect(terminal.reconnecting.or(terminal.prompt)).toBeVisible();
  await environment.server.restart();
  await terminal.asksForCode();
});

test("stopping ends the shell and keeps the home, and starting gives a new shell", async ({
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(409);
  const { id } = await user.launch();
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await terminal.run("echo kept > ~/file; gone=1");
  await user.api.post(`/api/terminals/${id}/stop`);
  await expect(page.getByTestId("stopped")).toBeVisible({ timeout: 30_000 });
  await page.getByTestId("start").first().click();
  await terminal.ready();
  expect(await terminal.run("cat ~/file; echo gone=${gone:-yes}")).toBe("kept\ngone=yes");
});

test("a container that ends without the server is detected immediately, and its home is kept", async ({
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(409, 503);
  const { id } = await user.launch();
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await terminal.run("echo kept > ~/file");
  const [container] = await docker("ps", "--quiet", "--filter", `label=rexec.terminal=${id}`);
  await docker("kill", container ?? "");
  await expect(page.getByTestId("stopped")).toBeVisible({ timeout: 30_000 });
  await page.getByTestId("start").first().click();
  await terminal.ready();
  expect(await terminal.run("cat ~/file")).toBe("kept");
});

test("without its database the server refuses to start, and restoring it restores everything", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  const { id, page, terminal } = await openBeforeTheServerDies(userWithFactor, openPage, pageErrors);
  await terminal.run("kept=$((6*7))");
  await userWithFactor.lock(id);
  const { server } = environment;
  const before = await remainsOf(server.instance);
  await server.kill();
  const away = join(server.dataDir, "away");
  const files = readdirSync(server.dataDir).filter((name) => name.startsWith("rexec.db"));
  mkdirSync(away);
  for (const name of files) renameSync(join(server.dataDir, name), join(away, name));
  await expect(server.restart()).rejects.toThrow(/ended with 1/);
  expect(await remainsOf(server.instance), "nothing was removed").toEqual(before);
  for (const name of readdirSync(server.dataDir).filter((name) => name.startsWith("rexec.db")))
    renameSync(join(server.dataDir, name), join(away, `new-${name}`));
  for (const name of files) renameSync(join(away, name), join(server.dataDir, name));
  await server.restart();
  await findsItLockedAndItsShellAsItWas(page, id, userWithFactor);
});

test("after shutdown the database is one complete file", async ({ environment }) => {
  const files = () =>
    readdirSync(environment.server.dataDir)
      .filter((name) => name.startsWith("rexec.db"))
      .sort();
  expect(files(), "changes are written ahead while it runs").toEqual(["rexec.db", "rexec.db-shm", "rexec.db-wal"]);
  await environment.server.stop();
  const left = files();
  await environment.server.restart();
  expect(left).toEqual(["rexec.db"]);
});

test("the home survives rename, resize and restart, and is deleted with its terminal", async ({
  environment,
  user,
}) => {
  const { id } = await user.launch({ name: "before" });
  const write = await attached(user.api, id);
  write.type(" echo kept > ~/note; cat ~/note | tr a-z A-Z\r");
  await write.seen(/KEPT/);
  write.close();
  const tiers = await user.api.get<List<{ name: string; default: boolean }>>("/api/tiers");
  const other = tiers.items.find((tier) => !tier.default)?.name ?? "";
  await user.api.ask("PATCH", `/api/terminals/${id}`, { name: "after" });
  await user.api.ask("PATCH", `/api/terminals/${id}`, { tier: other });
  expect(await user.terminal(id)).toMatchObject({ name: "after", tier: other, state: "running" });
  await user.api.post(`/api/terminals/${id}/stop`);
  await user.until(id, "stopped");
  await user.api.post(`/api/terminals/${id}/start`);
  await user.until(id, "running");
  const read = await attached(user.api, id);
  read.type(" cat ~/note | tr a-z A-Z\r");
  await read.seen(/KEPT/);
  read.close();
  const before = await remainsOf(environment.server.instance);
  expect(before.volumes.length).toBeGreaterThan(0);
  await user.delete(id);
  await expect.poll(() => remainsOf(environment.server.instance)).toEqual({ containers: [], volumes: [] });
  const fresh: Terminal = await user.launch({ name: "after" });
  const look = await attached(user.api, fresh.id);
  look.type(" ls ~/note; echo looked-$((1+1))\r");
  await look.seen(/looked-2/);
  expect(look.text).toMatch(/No such file/);
  look.close();
});
