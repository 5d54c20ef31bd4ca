// The shell outlives the tab, the network and the server.
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";

import { TerminalPage } from "../pages/terminal";
import type { Page as List, Tier } from "../fixtures/contract";
import { docker, remainsOf } from "../fixtures/engine";
import { shell } from "../fixtures/socket";
import { expect, test } from "../fixtures/test";

test("a closed tab leaves the shell running, and a new one shows screen and scrollback", async ({ running, openPage }) => {
  const { user, id } = running;
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

test("a silently lost network is detected, and the tab reconnects", async ({
  environment,
  running,
  openPage,
  pageErrors,
}) => {
  pageErrors.expect(/WebSocket connection to .* failed/);
  const page = await openPage(running.user);
  const terminal = await new TerminalPage(page).open(running.id);
  await terminal.ready();
  await terminal.run("kept=$((6*7))");
  // Connections stay open, and nothing is answered any more.
  const release = environment.server.hold();
  try {
    await expect(terminal.reconnecting).toContainText("what you type now is not sent");
  } finally {
    release();
  }
  await expect(terminal.reconnecting).toBeHidden();
  expect(await terminal.run("echo value-$kept")).toBe("value-42");
});

test("after a server crash the tab reconnects to the same shell", async ({
  environment,
  running,
  openPage,
  pageErrors,
}) => {
  const { user, id } = running;
  pageErrors.expectNoServer();
  pageErrors.expectStatus(502, 503);
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

test("locks survive a server crash and a missing database, and open tabs of locked terminals show nothing", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectNoServer();
  pageErrors.expectStatus(423, 502, 503);
  const { server } = environment;
  const { id } = await userWithFactor.launch();
  const page = await openPage(userWithFactor);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await terminal.run("kept=$((6*7)); echo visible-$kept");
  await userWithFactor.lock(id);
  await terminal.asksForCode();
  const before = await remainsOf(server.instance);
  await server.kill();
  await terminal.asksForCode();

  // Without its database the server refuses to start; nothing is lost with it.
  const away = join(server.dataDir, "away");
  const database = () => readdirSync(server.dataDir).filter((name) => name.startsWith("rexec.db"));
  const files = database();
  mkdirSync(away);
  for (const name of files) renameSync(join(server.dataDir, name), join(away, name));
  await expect(server.restart()).rejects.toThrow(/ended with 1/);
  expect(await remainsOf(server.instance), "nothing was removed").toEqual(before);
  for (const name of database()) renameSync(join(server.dataDir, name), join(away, `new-${name}`));
  for (const name of files) renameSync(join(away, name), join(server.dataDir, name));

  await server.restart();
  await page.reload();
  await terminal.asksForCode();
  expect((await userWithFactor.lockStatus(id)).mfa_locked).toBe(true);
  // The page was just loaded: the code has to be valid until it can be used.
  await terminal.answer("unlock", await userWithFactor.nextCode(25_000));
  await terminal.ready();
  expect(await terminal.run("echo value-$kept")).toBe("value-42");

  // The server crashes during a lock: its close frame may be lost, and the tab only loses its connection.
  await userWithFactor.lock(id);
  await server.kill();
  await expect(terminal.reconnecting.or(terminal.prompt)).toBeVisible();
  await server.restart();
  await terminal.asksForCode();
});

test("stopping, or the end of its container, ends the shell and keeps the home, and starting gives a new shell", async ({
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(409, 503);
  const { id } = await user.launch();
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await user.api.ask("PATCH", `/api/terminals/${id}`, { name: "renamed" });
  await expect(page.getByTestId("terminal-name"), "the open page follows").toHaveText("renamed");
  /** What is left once the terminal was started again in the page. */
  const startAgain = async () => {
    await expect(page.getByTestId("stopped")).toBeVisible({ timeout: 30_000 });
    await page.getByTestId("start").first().click();
    await terminal.ready();
    return terminal.run("cat ~/file; echo gone=${gone:-yes}");
  };
  await terminal.run("echo kept > ~/file; gone=1");
  await user.api.post(`/api/terminals/${id}/stop`);
  expect(await startAgain()).toBe("kept\ngone=yes");
  await terminal.run("gone=1");
  const [container] = await docker("ps", "--quiet", "--filter", `label=rexec.terminal=${id}`);
  await docker("kill", container ?? "");
  expect(await startAgain(), "detected without the server's help").toBe("kept\ngone=yes");
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

test("rename and resize keep the shell, restart the home, and both end with the terminal", async ({ user }) => {
  const tiers = await user.api.get<List<Tier>>("/api/tiers");
  const tier = tiers.items.find((tier) => !tier.default);
  if (!tier) throw new Error("one tier alone is offered");
  const { id } = await user.launch({ name: "before" });
  const write = await shell(user.api, id);
  await write.run("kept=$((6*7)); echo x > /tmp/scratch; echo kept > ~/note");
  await user.api.ask("PATCH", `/api/terminals/${id}`, { name: "after" });
  await user.api.ask("PATCH", `/api/terminals/${id}`, { tier: tier.name });
  expect(await user.terminal(id)).toMatchObject({ name: "after", tier: tier.name, state: "running" });
  const limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null";
  expect(await write.run(limit)).toBe(String(tier.memory_bytes));
  expect(await write.run("cat /tmp/scratch; echo value-$kept")).toBe("x\nvalue-42");
  await user.api.post(`/api/terminals/${id}/stop`);
  await user.until(id, "stopped");
  await user.api.post(`/api/terminals/${id}/start`);
  await user.until(id, "running");
  const read = await shell(user.api, id);
  expect(await read.run("cat ~/note")).toBe("kept");
  read.close();
  const label = `label=rexec.terminal=${id}`;
  const remains = async () => [
    ...(await docker("ps", "--all", "--quiet", "--filter", label)),
    ...(await docker("volume", "ls", "--quiet", "--filter", label)),
  ];
  expect((await remains()).length, "its container and its home").toBe(2);
  await user.delete(id);
  await expect.poll(remains).toEqual([]);
  const fresh = await user.launch({ name: "after" });
  const look = await shell(user.api, fresh.id);
  expect(await look.run("ls ~/note 2>&1")).toMatch(/No such file/);
  look.close();
});
