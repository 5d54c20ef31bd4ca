// The lock as a person meets it: set, felt in another browser, asked for, verified, ended, removed, deleted.
import type { Page } from "@playwright/test";

import { Dashboard } from "../pages/dashboard";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../world/fixtures";

/** A page at the prompt of a terminal. */
async function at(page: Page, id: string): Promise<TerminalPage> {
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  return terminal;
}

test("without a factor the lock explains itself and leads to where one is set up", async ({ person, visit }) => {
  const { id } = await person.launch();
  const page = await visit(person);
  const terminal = await at(page, id);
  await terminal.lockFromToolbar();
  await expect(page.getByTestId("lock-needs-mfa")).toBeVisible();
  await page.getByTestId("to-security").click();
  await expect(page).toHaveURL(/\/account\/security$/);
});

test("locking from the toolbar cuts every browser, the second one is asked, a wrong code is refused, a right one opens it", async ({ guarded, visit, watch }) => {
  watch.expectsStatus(401, 423);
  const { id } = await guarded.launch();
  const [first, second] = [await visit(guarded), await visit(guarded)];
  const here = await at(first, id);
  const there = await at(second, id);
  await here.enter(" secret=$((6*7)); echo value-$secret");
  await there.sees(/value-42/);

  await here.lockFromToolbar();
  await here.asksForCode();
  await there.asksForCode();
  await expect(second.locator("body")).not.toContainText("value-42");

  await there.answer("verify", guarded.wrongCode());
  await expect(there.problem).toHaveAttribute("data-kind", "wrong_code");
  await expect(there.code, "the field is empty again").toHaveValue("");
  await expect(there.code).toHaveAttribute("aria-invalid", "true");
  await expect(there.code, "the refusal belongs to the field").toHaveAccessibleDescription(/code/i);
  await there.asksForCode();

  await there.answer("verify", await guarded.nextCode());
  await there.ready();
  await there.showsLock("granted");
  expect(await there.run("echo still-$secret"), "the shell lived on, unseen").toBe("still-42");
  await here.asksForCode();

  await second.getByRole("toolbar", { name: "Terminal" }).getByTestId("lock-menu").click();
  await second.getByTestId("lock-again").click();
  await there.asksForCode();
  await there.showsLock("locked");

  await here.answerWithRecoveryCode("unlock", guarded.takeRecoveryCode());
  await here.ready();
  await here.showsLock("open");
  expect((await guarded.lockStatus(id)).mfa_locked).toBe(false);
  await there.sees(/still-42/);
});

test("locking from a card shows on every page at once", async ({ guarded, visit, watch }) => {
  watch.expectsStatus(423);
  const { id } = await guarded.launch({ name: "card" });
  const [board, page] = [await visit(guarded), await visit(guarded)];
  const terminal = await at(page, id);
  const dashboard = await new Dashboard(board).open();
  await dashboard.card(id).getByTestId("lock").click();
  await expect(dashboard.card(id).getByTestId("lock-badge")).toHaveAttribute("data-state", "locked");
  await terminal.asksForCode();
  await dashboard.card(id).getByTestId("lock-menu").click();
  await dashboard.card(id).getByTestId("unlock-open").click();
  await board.getByTestId("lock-dialog").getByTestId("code").pressSequentially(await guarded.nextCode());
  await expect(dashboard.card(id).getByTestId("lock-badge")).toHaveAttribute("data-state", "open");
  await terminal.ready();
});

test("a grant ends by itself when nothing is typed, in the page and on the wire", async ({ house, guarded, visit, watch }) => {
  watch.expectsStatus(423);
  const usual = await house.admin.api.get<Record<string, unknown>>("/api/admin/settings");
  await house.admin.api.ask("PUT", "/api/admin/settings", { ...usual, grant_idle_secs: 60 });
  const { id } = await guarded.launch();
  const page = await visit(guarded);
  const terminal = await at(page, id);
  await terminal.lockFromToolbar();
  await terminal.asksForCode();
  await terminal.answer("verify", await guarded.nextCode());
  await terminal.ready();
  const verified = Date.now();
  await terminal.showsLock("granted");
  await expect(terminal.badge).toContainText(/\d:\d\d/);
  await expect(terminal.prompt).toBeVisible({ timeout: 75_000 });
  expect(Date.now() - verified).toBeGreaterThan(50_000);
  await terminal.asksForCode();
  await house.admin.api.ask("PUT", "/api/admin/settings", usual);
});

test("a locked terminal is deleted only with a code, and then it is gone", async ({ guarded, visit, watch }) => {
  watch.expectsStatus(401, 404);
  const { id } = await guarded.launch({ name: "doomed" });
  await guarded.lock(id);
  const dashboard = await new Dashboard(await visit(guarded)).open();
  await dashboard.act(id, "delete");
  const dialog = dashboard.page.getByTestId("delete-dialog").filter({ visible: true });
  await expect(dialog.getByTestId("delete-confirm")).toBeDisabled();
  await dialog.getByTestId("code").pressSequentially(guarded.wrongCode());
  await dialog.getByTestId("delete-confirm").click();
  await expect(dialog.getByTestId("problem")).toHaveAttribute("data-kind", "wrong_code");
  await dialog.getByTestId("code").pressSequentially(await guarded.nextCode());
  await dialog.getByTestId("delete-confirm").click();
  await expect(dashboard.card(id)).toHaveCount(0);
  await guarded.gone(id);
});

test("back and forward never show a terminal that was locked meanwhile", async ({ guarded, visit, watch }) => {
  watch.expectsStatus(423);
  const { id } = await guarded.launch();
  const page = await visit(guarded);
  await page.goto("/");
  const terminal = await at(page, id);
  await terminal.run("echo hidden-$((7*6))");
  await page.goto("/healthz");
  await guarded.lock(id);
  await page.goBack();
  await terminal.asksForCode();
  await expect(page.locator("body")).not.toContainText("hidden-42");
  await page.goBack();
  await page.goForward();
  await terminal.asksForCode();
});

test("disabling the factor is refused while a terminal is locked", async ({ guarded }) => {
  const { id } = await guarded.launch();
  await guarded.lock(id);
  const problem = await guarded.api.refused("POST", "/api/account/mfa/disable", { code: guarded.takeRecoveryCode() });
  expect(problem).toMatchObject({ status: 409, type: "terminals_locked" });
  expect((await guarded.me()).mfa_enabled).toBe(true);
});

test("the four endpoints answer as the contract says", async ({ guarded, person }) => {
  const plain = await person.launch();
  expect(await person.lockStatus(plain.id)).toMatchObject({ mfa_locked: false, mfa_enabled: false, can_use_feature: false });
  expect(await person.api.refused("POST", `/api/security/terminal/${plain.id}/mfa-lock`)).toMatchObject({ status: 400, type: "mfa_required" });
  const { id } = await guarded.launch();
  const path = `/api/security/terminal/${id}`;
  expect(await guarded.api.refused("POST", `${path}/mfa-unlock`, { code: await guarded.nextCode() })).toMatchObject({ status: 409 });
  expect(await guarded.lock(id)).toMatchObject({ mfa_locked: true, mfa_enabled: true, can_use_feature: true });
  expect(await guarded.lock(id), "locking twice is locking once").toMatchObject({ mfa_locked: true });
  expect(await guarded.api.refused("POST", `${path}/mfa-verify`, {})).toMatchObject({ status: 400 });
  expect(await guarded.api.refused("POST", `${path}/mfa-verify`, { code: guarded.wrongCode() })).toMatchObject({ status: 401, type: "wrong_code" });
  expect(await guarded.api.refused("POST", `${path}/mfa-verify`, { code: "" })).toMatchObject({ type: "wrong_code" });
  const unlocked = await guarded.api.post(`${path}/mfa-unlock`, { code: guarded.takeRecoveryCode() });
  expect(unlocked).toMatchObject({ mfa_locked: false, granted_until: null });
  const events = await guarded.api.get<{ items: { event: string; outcome: string }[] }>("/api/account/audit?limit=200");
  const names = new Set(events.items.map(({ event }) => event));
  for (const event of ["terminal_mfa_locked", "terminal_mfa_unlocked"]) expect(names).toContain(event);
});
