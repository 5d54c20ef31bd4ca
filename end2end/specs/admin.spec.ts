// Administration in the page: users, links, images and tiers, settings, terminals.
import type { Locator, Page } from "@playwright/test";

import { AccountPage } from "../pages/account";
import { EntryPage } from "../pages/entry";
import { Api, linkToken } from "../fixtures/api";
import type { Page as List, Settings, Tier } from "../fixtures/contract";
import { expect, test } from "../fixtures/test";
import { attached } from "../fixtures/socket";

/** A section of the administration, ready to be used. */
async function section(page: Page, name: string): Promise<Locator> {
  await page.goto(`/admin/${name}`);
  const section = page.getByTestId(`admin-${name}`);
  await expect(section).toBeVisible();
  return section;
}

/** Opens a row's menu and presses an item. */
async function act(row: Locator, menu: string, item: string): Promise<void> {
  await row.getByTestId(menu).click();
  await row.getByTestId(item).click();
}

test("an invitation is shown once, used once, can be revoked, and its user sees no data of others", async ({
  environment,
  running,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(403, 404);
  const admin = await openPage(environment.admin);
  await section(admin, "users");
  const make = async () => {
    await admin.getByTestId("invite").click();
    await admin.getByTestId("invite-user").click();
    const url = await admin.getByTestId("one-time-link").innerText();
    // Shown once: closed by its own button alone.
    for (let presses = 0; presses < 3; presses++) await admin.keyboard.press("Escape");
    await expect(admin.getByTestId("one-time-link")).toHaveText(url);
    await admin.getByTestId("link-done").click();
    return url;
  };
  const [first, second] = [await make(), await make()];
  expect(first).toMatch(/^http.*\/invite#token=[\w-]{22,}$/);
  expect(second).not.toBe(first);
  await section(admin, "invites");
  await expect(admin.locator("body"), "shown once").not.toContainText(linkToken(second));
  const open = await admin.getByTestId("invite-row").count();
  await admin.getByTestId("invite-row").first().getByTestId("revoke-invite").click();
  await expect(admin.getByTestId("invite-row")).toHaveCount(open - 1);
  const works = async (url: string) => {
    const body = { token: linkToken(url) };
    return (await new Api(environment.server.origin).exchange("POST", "/api/invite/status", body)).status === 200;
  };
  expect([await works(first), await works(second)].filter(Boolean), "one of the two is left").toHaveLength(1);
  const page = await openPage(undefined);
  const url = (await works(first)) ? first : second;
  // A token in the query is ignored (L9).
  await page.goto(url.replace("#", "?"));
  await expect(page.getByTestId("problem-page")).toHaveAttribute("data-kind", "stale_link");
  await expect(page.locator("main")).toContainText("Ask the person who sent it for a new one");
  await expect(page).toHaveURL(/\/invite$/);
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  // Opened in the same tab, without loading the page again.
  await page.goto(url);
  await expect(page.getByTestId("invite-submit")).toBeEnabled();
  await expect(page, "the token leaves the address bar").toHaveURL(/\/invite$/);
  expect(requested.filter((address) => address.includes(linkToken(url))), "no address has the token").toEqual([]);
  await new EntryPage(page).choose("hopper", "a sentence nobody guesses", "invite-submit");
  await expect(page.getByTestId("dashboard-empty")).toBeVisible();
  await expect(page.getByTestId("nav-admin")).toHaveCount(0);
  await page.goto(`/terminals/${running.id}`);
  await expect(page.getByTestId("problem-page")).toHaveAttribute("data-kind", "not_found");
  await page.goto("/admin/users");
  await expect(page.getByTestId("problem-page").first()).toBeVisible();
  // An open page would notice that its login is gone, and navigate.
  await page.goto("about:blank");
  await page.context().clearCookies();
  await page.goto(url);
  await expect(page.getByTestId("problem-page")).toHaveAttribute("data-kind", "stale_link");
  await section(admin, "users");
  await expect(admin.locator('[data-testid=user][data-username="hopper"]')).toBeVisible();
});

test("disabling a user from the list ends open pages and sockets immediately", async ({
  environment,
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(401);
  const { id } = await user.launch();
  const theirs = await openPage(user);
  await theirs.goto("/");
  await expect(theirs.getByTestId("card")).toHaveCount(1);
  const socket = await attached(await user.signInElsewhere(), id);
  const admin = await openPage(environment.admin);
  await section(admin, "users");
  const row = admin.locator(`[data-testid=user][data-username="${user.username}"]`);
  await act(row, "user-actions", "user-disable");
  await expect(row.getByTestId("disable-user-dialog").getByRole("button", { name: "Cancel" })).toBeFocused();
  expect(socket.isOpen, "nothing ends before the answer").toBe(true);
  await row.getByTestId("disable-user-dialog").getByTestId("question-yes").click();
  expect(await socket.closed()).toBe(4401);
  await expect(row).toContainText("Disabled");
  // A new page: the first one may be navigating.
  const next = await theirs.context().newPage();
  await next.goto("/account/security");
  await expect(next).toHaveURL(/\/login/);
  await expect(theirs).toHaveURL(/\/login/);
  await act(row, "user-actions", "user-disable");
  await expect
    .poll(
      async () =>
        (
          await new Api(user.origin).exchange("POST", "/api/auth/login", {
            username: user.username,
            password: user.password,
          })
        ).status,
    )
    .toBe(200);
  await user.signIn();
});

test("a reset link sets a password and ends old logins, and the user is notified of a reset factor", async ({
  environment,
  userWithFactor,
  openPage,
}) => {
  const old = await userWithFactor.signInElsewhere();
  const admin = await openPage(environment.admin);
  await section(admin, "users");
  const row = admin.locator(`[data-testid=user][data-username="${userWithFactor.username}"]`);
  await act(row, "user-actions", "user-reset-mfa");
  await expect(row.getByTestId("reset-mfa-dialog")).toContainText("recovery codes stop working");
  await expect(row.getByRole("button", { name: "Cancel" }), "the safe answer has the keyboard").toBeFocused();
  expect((await userWithFactor.me()).mfa_enabled, "nothing is lost before the answer").toBe(true);
  await row.getByTestId("reset-mfa-confirm").click();
  await expect(row.getByTestId("reset-mfa-confirm")).toBeHidden();
  await expect
    .poll(async () => (await old.exchange("GET", "/api/me")).status, {
      message: "a factor that goes ends the logins made with it",
    })
    .toBe(401);
  // The list is refetched afterwards, which closes an open menu.
  await expect(row.locator("[data-label=MFA]")).toHaveText("Off");
  await act(row, "user-actions", "user-reset-link");
  const url = await admin.getByTestId("one-time-link").innerText();
  const page = await openPage(undefined);
  await page.goto(url);
  await expect(page.getByText(userWithFactor.username)).toBeVisible();
  userWithFactor.password = "an entirely new sentence";
  await new EntryPage(page).choose(undefined, userWithFactor.password, "invite-submit");
  await page.waitForURL((address) => !address.pathname.startsWith("/invite"));
  if (new URL(page.url()).pathname === "/login")
    await new EntryPage(page).signIn(userWithFactor.username, userWithFactor.password);
  await expect(page.getByTestId("dashboard")).toBeVisible();
  await expect(page.getByTestId("notice").first()).toContainText(/reset/i);
  const account = await new AccountPage(page).open("security");
  await expect(account.off).toBeVisible();
});

test("a role is changed from the list, except one's own", async ({ environment, user, openPage }) => {
  const admin = await openPage(environment.admin);
  await section(admin, "users");
  const row = admin.locator(`[data-testid=user][data-username="${user.username}"]`);
  for (const [name, role] of [
    ["Administrator", "admin"],
    ["User", "user"],
  ] as const) {
    await act(row, "user-actions", "user-role");
    await row.getByTestId("role-dialog").getByTestId("question-yes").click();
    await expect(row.locator("[data-label=Role]")).toHaveText(name);
    await admin.reload();
    await expect(row.locator("[data-label=Role]"), "kept").toHaveText(name);
    // A new role ends the logins that were made with the old one.
    await user.signIn();
    expect((await user.me()).role).toBe(role);
  }
  const own = admin.locator(`[data-testid=user][data-username="${environment.admin.username}"]`);
  await own.getByTestId("user-actions").click();
  await expect(own.getByTestId("user-disable")).toBeDisabled();
  await expect(own.getByTestId("user-role")).toBeDisabled();
});

test("settings are validated in the form, all at once, and saved", async ({ environment, openPage }) => {
  const usual = await environment.admin.api.get<Settings>("/api/admin/settings");
  const admin = await openPage(environment.admin);
  await section(admin, "settings");
  const grant = admin.getByTestId("field-grant_idle_secs");
  const retention = admin.getByTestId("field-audit_retention_days");
  for (const wrong of ["0", "1441"]) {
    await grant.fill(wrong);
    await retention.fill("29");
    await admin.getByTestId("settings-submit").click();
    for (const field of [grant, retention])
      await expect(field, "every mistake at once").toHaveAttribute("aria-invalid", "true");
    await expect(grant, "the first one has the keyboard").toBeFocused();
  }
  await retention.fill(String(usual.audit_retention_days));
  await grant.fill("20");
  await admin.getByTestId("settings-submit").click();
  await expect(admin.getByTestId("toast")).toContainText(/saved/i);
  expect(await environment.admin.api.get<Settings>("/api/admin/settings")).toEqual({ ...usual, grant_idle_secs: 1200 });
  await environment.admin.api.ask("PUT", "/api/admin/settings", usual);
});

test("where a factor is required, terminals need one", async ({ environment, user, openPage, pageErrors }) => {
  // The event stream is refused, and then the login ends with the new factor.
  pageErrors.expectStatus(400, 401);
  const { id } = await user.launch();
  // With a factor: the rule holds for administrators as well.
  const keeper = await environment.invite("admin");
  await keeper.enrol();
  const usual = await keeper.api.get<Settings>("/api/admin/settings");
  await keeper.api.ask("PUT", "/api/admin/settings", { ...usual, mfa_required: true });
  try {
    const page = await openPage(user);
    await page.goto("/");
    await expect(page.getByTestId("must-enrol")).toBeVisible();
    expect((await user.api.refused("POST", "/api/terminals", { image: "debian" })).type).toBe("mfa_required");
    await user.enrol();
    expect((await user.terminal(id)).state).toBe("running");
    await user.launch();
  } finally {
    await keeper.api.ask("PUT", "/api/admin/settings", usual);
  }
});

test("images and tiers are edited and offered, and a disabled image cannot be launched", async ({
  environment,
  user,
  openPage,
}) => {
  const admin = await openPage(environment.admin);
  await section(admin, "images");
  const row = admin.locator('[data-testid=image-row][data-name="dev"]');
  await row.getByTestId("edit-image").click();
  const dialog = row.getByTestId("image-dialog");
  const title = await dialog.getByLabel("Title").inputValue();
  await dialog.getByLabel("Title").fill("For developers");
  await dialog.getByLabel("Offer it", { exact: true }).uncheck();
  await dialog.getByTestId("image-submit").click();
  await expect(row).toContainText("For developers");
  await expect(row).toContainText("Not offered");
  expect((await user.api.refused("POST", "/api/terminals", { image: "dev" })).status).toBeGreaterThanOrEqual(400);
  expect(await user.terminals()).toEqual([]);
  await row.getByTestId("edit-image").click();
  await dialog.getByLabel("Title").fill(title);
  await dialog.getByLabel("Offer it", { exact: true }).check();
  await dialog.getByTestId("image-submit").click();
  await expect(row).not.toContainText("Not offered");

  const offered = async () => (await user.api.get<List<Tier>>("/api/tiers")).items;
  const usual = (await offered())[0];
  if (!usual) throw new Error("no size is offered");
  await section(admin, "tiers");
  const tier = admin.locator(`[data-testid=tier-row][data-name="${usual.name}"]`);
  const save = async (title: string, megabytes: number) => {
    await tier.getByTestId("edit-tier").click();
    await tier.getByLabel("Title").fill(title);
    await tier.getByLabel("Memory").fill(String(megabytes));
    await tier.getByTestId("tier-submit").click();
  };
  await save("A size of our own", 64);
  await expect(tier.getByLabel("Memory")).toHaveAttribute("aria-invalid", "true");
  await tier.getByRole("button", { name: "Cancel" }).click();
  await save("A size of our own", 768);
  await expect(tier).toContainText("A size of our own");
  await admin.reload();
  await expect(tier, "kept").toContainText("768 MB memory");
  expect((await offered()).find(({ name }) => name === usual.name)).toMatchObject({
    title: "A size of our own",
    memory_bytes: 768 << 20,
  });
  await save(usual.title, usual.memory_bytes >> 20);
  await expect(tier).toContainText(usual.title);
  expect(await offered()).toContainEqual(usual);
});

test("an administrator can stop and delete a terminal, but not view it", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(404, 423);
  const { id } = await userWithFactor.launch({ name: "not yours" });
  const socket = await attached(userWithFactor.api, id);
  await userWithFactor.lock(id);
  expect(await socket.closed()).toBe(4423);
  const admin = await openPage(environment.admin);
  await section(admin, "terminals");
  const row = admin.locator(`[data-testid=admin-terminal][data-id="${id}"]`);
  await expect(row.getByTestId("lock-badge")).toHaveAttribute("data-state", "locked");
  await act(row, "admin-terminal-actions", "admin-stop");
  expect((await userWithFactor.terminal(id)).state, "nothing ends before the answer").toBe("running");
  await row.getByTestId("question-yes").click();
  await userWithFactor.until(id, "stopped");
  await admin.goto(`/terminals/${id}`);
  await expect(admin.getByTestId("problem-page")).toHaveAttribute("data-kind", "not_found");
  await section(admin, "terminals");
  await act(row, "admin-terminal-actions", "admin-delete");
  const button = row.getByTestId("admin-delete-confirm");
  await expect(button, "not without a code").toBeDisabled();
  await row.getByTestId("code").fill("12345");
  await expect(button, "nor with a part of one").toBeDisabled();
  expect(
    await environment.admin.api.refused("DELETE", `/api/admin/terminals/${id}`),
    "the lock holds against everybody",
  ).toMatchObject({ type: "locked" });
  await userWithFactor.api.post(`/api/security/terminal/${id}/mfa-unlock`, { code: userWithFactor.takeRecoveryCode() });
  await section(admin, "terminals");
  await act(row, "admin-terminal-actions", "admin-delete");
  // The list does not show the lock yet; the refusal does.
  await userWithFactor.lock(id);
  await button.click();
  await expect(row.getByTestId("problem")).toHaveAttribute("data-kind", "locked");
  await expect(row.getByTestId("code")).toBeVisible();
  await expect(button).toBeDisabled();
  await userWithFactor.api.post(`/api/security/terminal/${id}/mfa-unlock`, { code: userWithFactor.takeRecoveryCode() });
  await section(admin, "terminals");
  await act(row, "admin-terminal-actions", "admin-delete");
  await button.click();
  await userWithFactor.gone(id);
});
