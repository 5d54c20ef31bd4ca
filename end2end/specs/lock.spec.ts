// The lock in the page: locking, other browsers, prompt, grants and their end, deletion.
import type { Locator, Page } from "@playwright/test";

import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";
import { recordTexts } from "../fixtures/observation";
import { attached } from "../fixtures/socket";

/** A page at the prompt of a terminal. */
async function at(page: Page, id: string): Promise<TerminalPage> {
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  return terminal;
}

test("without a factor the lock dialog links to its set-up", async ({ running, openPage }) => {
  const page = await openPage(running.user);
  const terminal = await at(page, running.id);
  await terminal.lockFromToolbar();
  await expect(page.getByTestId("lock-needs-mfa")).toBeVisible();
  await page.getByTestId("to-security").click();
  await expect(page).toHaveURL(/\/account\/security$/);
});

test("locking from the toolbar disconnects every browser until a correct code is entered", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(401, 423);
  const { id } = await userWithFactor.launch();
  const [first, second] = [await openPage(userWithFactor), await openPage(userWithFactor)];
  const here = await at(first, id);
  const there = await at(second, id);
  await here.enter(" secret=$((6*7)); echo value-$secret");
  await there.sees(/value-42/);

  await here.lockFromToolbar();
  await here.asksForCode();
  await there.asksForCode();
  await expect(second.locator("body")).not.toContainText("value-42");

  await there.answer("verify", userWithFactor.wrongCode());
  await expect(there.problem).toHaveAttribute("data-kind", "wrong_code");
  await expect(there.code, "the field is empty again").toHaveValue("");
  await expect(there.code).toHaveAttribute("aria-invalid", "true");
  await expect(there.code, "the refusal belongs to the field").toHaveAccessibleDescription(/code/i);
  await there.asksForCode();

  await there.answer("verify", await userWithFactor.nextCode());
  await there.ready();
  await there.showsLock("granted");
  expect(await there.run("echo still-$secret"), "the shell lived on, unseen").toBe("still-42");
  await here.asksForCode();

  await second.getByRole("toolbar", { name: "Terminal" }).getByTestId("lock-menu").click();
  await second.getByTestId("lock-again").click();
  await there.asksForCode();
  await there.showsLock("locked");

  await here.answerWithRecoveryCode("unlock", userWithFactor.takeRecoveryCode());
  await here.ready();
  await here.showsLock("open");
  expect((await userWithFactor.lockStatus(id)).mfa_locked).toBe(false);
  await there.sees(/still-42/);
});

test("input is complete while unlocking replaces the session token", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch();
  const page = await openPage(userWithFactor);
  const terminal = await at(page, id);
  await terminal.lockFromToolbar();
  await terminal.answer("verify", await userWithFactor.nextCode());
  await terminal.ready();
  await page.getByRole("toolbar", { name: "Terminal" }).getByTestId("lock-menu").click();
  await page.getByTestId("unlock-open").click();
  const dialog = page.getByTestId("lock-dialog").filter({ visible: true });
  await dialog.getByTestId("code-swap").click();
  await dialog.getByTestId("code").fill(userWithFactor.takeRecoveryCode());
  await dialog.getByTestId("lock-submit").click();
  await terminal.showsLock("open");
  // Longer than the server keeps the socket of the old token open.
  await terminal.focus();
  const text = "0123456789".repeat(6);
  await page.keyboard.type(`: ${text}`, { delay: 30 });
  await page.keyboard.press("Enter");
  await terminal.sees(new RegExp(`\\$ : ${text}\\n`));
});

test("locking from a card is shown on every page immediately", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch({ name: "card" });
  const [board, page] = [await openPage(userWithFactor), await openPage(userWithFactor)];
  const terminal = await at(page, id);
  const dashboard = await new Dashboard(board).open();
  await dashboard.card(id).getByTestId("lock").click();
  await expect(dashboard.card(id).getByTestId("lock-badge")).toHaveAttribute("data-state", "locked");
  await terminal.asksForCode();
  await dashboard.card(id).getByTestId("lock-menu").click();
  await dashboard.card(id).getByTestId("unlock-open").click();
  await board
    .getByTestId("lock-dialog")
    .getByTestId("code")
    .pressSequentially(await userWithFactor.nextCode());
  await expect(dashboard.card(id).getByTestId("lock-badge")).toHaveAttribute("data-state", "open");
  await terminal.ready();
});

test("a grant without input expires, in the page and on a raw socket", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(423);
  const usual = await environment.admin.api.get<Record<string, unknown>>("/api/admin/settings");
  await environment.admin.api.ask("PUT", "/api/admin/settings", { ...usual, grant_idle_secs: 62 });
  const { id } = await userWithFactor.launch();
  const page = await openPage(userWithFactor);
  const terminal = await at(page, id);
  await terminal.lockFromToolbar();
  await terminal.asksForCode();
  await terminal.answer("verify", await userWithFactor.nextCode());
  await terminal.ready();
  // The emulator replies to this loop all the time, which is no input (L2). The terminal echoes its replies.
  await terminal.enter(" while :; do printf '\\e[6n'; sleep 1; done");
  await terminal.sees(/(\^\[\[\d+;\d+R[^]*){2}/);
  const end = await page.evaluate(async (path) => {
    const { granted_until } = (await (await fetch(path)).json()) as { granted_until: string };
    return Date.parse(granted_until);
  }, `/api/security/terminal/${id}/mfa-status`);
  await terminal.showsLock("granted");
  await expect(terminal.badge).toContainText(/\d:\d\d/);
  // Another login with a raw socket and its own grant.
  await userWithFactor.api.post(`/api/security/terminal/${id}/mfa-verify`, { code: userWithFactor.takeRecoveryCode() });
  const socket = await attached(userWithFactor.api, id);
  const notice = page.getByTestId("terminal-notice");
  await expect(notice).toContainText("unless you type");
  await notice.getByRole("button", { name: "Dismiss" }).click();
  await expect(notice).toBeHidden();
  const warnings = await recordTexts(page, "terminal-notice");
  await expect(terminal.prompt).toBeVisible({ timeout: 75_000 });
  expect(
    (await warnings()).filter((text) => text !== ""),
    "warned of once",
  ).toEqual([]);
  await expect.poll(() => socket.isOpen, { timeout: 75_000 }).toBe(false);
  expect(
    socket.frames.filter((frame) => frame[0] === 0x85),
    "one warning for one end",
  ).toHaveLength(1);
  expect(Date.now(), "not before the end that was told").toBeGreaterThanOrEqual(end);
  await terminal.asksForCode();
  await environment.admin.api.ask("PUT", "/api/admin/settings", usual);
});

test("other pages of a login show the grant and its extension by input", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch({ name: "shared" });
  const page = await openPage(userWithFactor);
  const terminal = await at(page, id);
  await terminal.lockFromToolbar();
  await terminal.asksForCode();
  const other = await page.context().newPage();
  // Without the event stream: it gets the change from the other page.
  await other.route("**/api/events", () => {});
  const card = (await new Dashboard(other).open()).card(id);
  const badge = card.getByTestId("lock-badge");
  await expect(badge).toHaveAttribute("data-state", "locked");
  await page.bringToFront();
  await terminal.answer("verify", await userWithFactor.nextCode());
  await terminal.ready();
  await expect(badge).toHaveAttribute("data-state", "granted");
  const until = (of: Locator) => of.getByRole("timer").getAttribute("title");
  const first = await until(badge);
  expect(first, "both show the same end").toBe(await until(terminal.badge));
  // Repeatedly: input in the same second as the code does not change the displayed end.
  const typing = async () => {
    await terminal.enter("echo typed");
    return until(badge);
  };
  await expect.poll(typing, { message: "typing moves the end", intervals: [500] }).not.toBe(first);
  await expect
    .poll(async () => (await until(badge)) === (await until(terminal.badge)), { message: "both show the same again" })
    .toBe(true);
});

test("a terminal that is not running shows no grant", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(409, 423);
  const { id } = await userWithFactor.launch({ name: "resting" });
  const page = await openPage(userWithFactor);
  const terminal = await at(page, id);
  await terminal.lockFromToolbar();
  await terminal.answer("verify", await userWithFactor.nextCode());
  await terminal.ready();
  await terminal.showsLock("granted");
  // This login session has no grant.
  await userWithFactor.api.post(`/api/terminals/${id}/stop`, { code: userWithFactor.takeRecoveryCode() });
  await expect(page.getByTestId("stopped")).toBeVisible();
  await terminal.showsLock("locked");
  await expect(terminal.badge).not.toContainText(/\d:\d\d/);
  const card = (await new Dashboard(page).open()).card(id);
  await expect(card).toHaveAttribute("data-state", "stopped");
  await expect(card.getByTestId("lock-badge")).toHaveAttribute("data-state", "locked");
  await expect(card).not.toContainText(/\d:\d\d/);
});

test("resetting a factor ends the page at the lock prompt, and login returns to it", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(401, 423);
  const { id } = await userWithFactor.launch();
  const page = await openPage(userWithFactor);
  const terminal = await at(page, id);
  await terminal.lockFromToolbar();
  await terminal.asksForCode();
  const { id: userId } = await userWithFactor.me();
  await environment.admin.api.post(`/api/admin/users/${userId}/reset-mfa`);
  await expect(page, "the login is over").toHaveURL(/\/login\?next=/);
  userWithFactor.authenticator = undefined;
  await new EntryPage(page).signIn(userWithFactor.username, userWithFactor.password);
  await expect(terminal.prompt).toContainText("no authenticator app any more");
  await expect(terminal.code, "there is no code to be asked for").toHaveCount(0);
  await expect(page.getByTestId("notice").first()).toContainText(/reset your MFA/);
  await terminal.asksForCode();
  await userWithFactor.signIn();
  await userWithFactor.enrol();
});

test("deleting a locked terminal in the page needs a code", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(401, 404);
  const { id } = await userWithFactor.launch({ name: "doomed" });
  await userWithFactor.lock(id);
  const dashboard = await new Dashboard(await openPage(userWithFactor)).open();
  await dashboard.act(id, "delete");
  const dialog = dashboard.page.getByTestId("delete-dialog").filter({ visible: true });
  await expect(dialog.getByTestId("delete-confirm")).toBeDisabled();
  await dialog.getByTestId("code").pressSequentially(userWithFactor.wrongCode());
  await dialog.getByTestId("delete-confirm").click();
  await expect(dialog.getByTestId("problem")).toHaveAttribute("data-kind", "wrong_code");
  await dialog.getByTestId("code").pressSequentially(await userWithFactor.nextCode());
  await dialog.getByTestId("delete-confirm").click();
  await expect(dashboard.card(id)).toHaveCount(0);
  await userWithFactor.gone(id);
});

test("renaming and stopping a locked terminal in the page needs a code, unless it is granted (L5)", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(401);
  const { id } = await userWithFactor.launch({ name: "before" });
  await userWithFactor.lock(id);
  const dashboard = await new Dashboard(await openPage(userWithFactor)).open();
  const { page } = dashboard;
  const recover = async (dialog: Locator) => {
    await dialog.getByTestId("code-swap").click();
    await dialog.getByTestId("code").fill(userWithFactor.takeRecoveryCode());
  };
  await dashboard.act(id, "rename");
  const rename = page.getByTestId("rename-dialog").filter({ visible: true });
  await rename.getByTestId("field-rename").fill("after");
  await expect(rename.getByTestId("rename-submit")).toBeDisabled();
  await rename.getByTestId("code").pressSequentially(userWithFactor.wrongCode());
  await rename.getByTestId("rename-submit").click();
  await expect(rename.getByTestId("problem")).toHaveAttribute("data-kind", "wrong_code");
  expect((await userWithFactor.terminal(id)).name).toBe("before");
  await recover(rename);
  await rename.getByTestId("rename-submit").click();
  await expect(rename).toBeHidden();
  expect((await userWithFactor.terminal(id)).name).toBe("after");

  const stop = page.getByTestId("stop-dialog").filter({ visible: true });
  await dashboard.act(id, "restart");
  await expect(stop.getByTestId("question-yes")).toBeDisabled();
  await stop.getByRole("button", { name: "Keep it running" }).click();
  await dashboard.act(id, "stop");
  await recover(stop);
  await stop.getByTestId("question-yes").click();
  await expect(stop).toBeHidden();
  await userWithFactor.until(id, "stopped");

  const card = dashboard.card(id);
  await card.getByTestId("card-start").click();
  await userWithFactor.until(id, "running");
  await card.getByTestId("lock-menu").click();
  await card.getByTestId("verify-open").click();
  const unlock = page.getByTestId("lock-dialog").filter({ visible: true });
  await unlock.getByTestId("code").pressSequentially(await userWithFactor.nextCode());
  await expect(card.getByTestId("lock-badge")).toHaveAttribute("data-state", "granted");
  await dashboard.act(id, "rename");
  await card.getByTestId("rename-input").fill("without a code");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await userWithFactor.terminal(id)).name).toBe("without a code");
  await dashboard.act(id, "stop");
  await userWithFactor.until(id, "stopped");
});

test("browser history never shows a terminal that was locked meanwhile", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch();
  const page = await openPage(userWithFactor);
  await page.goto("/");
  const terminal = await at(page, id);
  await terminal.run("echo hidden-$((7*6))");
  await page.goto("/healthz");
  await userWithFactor.lock(id);
  await page.goBack();
  await terminal.asksForCode();
  await expect(page.locator("body")).not.toContainText("hidden-42");
  await page.goBack();
  await page.goForward();
  await terminal.asksForCode();
});
