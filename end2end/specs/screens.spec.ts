// Every page at three widths, dark and light; with REXEC_E2E_LONG=1 with a picture of each.
// With REXEC_PICTURE=1 as well, one of them becomes the picture of the documentation.
import { copyFileSync } from "node:fs";
import { join } from "node:path";

import { AccountPage } from "../pages/account";
import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { fits, PICTURES, SCREENS, shoot } from "../pages/layout";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";
import { deferred } from "../fixtures/observation";
import { ROOT } from "../fixtures/server";

test.describe.configure({ timeout: 300_000 });

test("signing in and an invitation", async ({ environment, userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(401);
  const { url } = await environment.admin.api.post<{ url: string }>("/api/admin/users/invite", { role: "user" });
  const page = await openPage(undefined);
  await page.goto(url);
  await expect(page.getByTestId("invite-submit")).toBeEnabled();
  await shoot(page, "invite");
  await page.goto("/login");
  const login = new EntryPage(page);
  await expect(page.getByTestId("login-submit")).toBeEnabled();
  await shoot(page, "login");
  await login.signIn(userWithFactor.username, "not the password");
  await expect(login.problem).toBeVisible();
  await shoot(page, "login-refused");
  await login.signIn(userWithFactor.username, userWithFactor.password);
  await expect(login.code).toBeVisible();
  await shoot(page, "login-code");
  await page.getByTestId("code-swap").click();
  await shoot(page, "login-recovery-code");
});

test("the dashboard, empty and full", async ({ userWithFactor, openPage }) => {
  const page = await openPage(userWithFactor);
  const dashboard = await new Dashboard(page).open();
  await expect(dashboard.empty).toBeVisible();
  await shoot(page, "dashboard-empty");
  await dashboard.openLaunchDialog();
  await shoot(page, "new-terminal");
  await page.keyboard.press("Escape");
  const names = ["api-gateway", "thesis", "prod-database", "scratch"];
  const made = [];
  for (const name of names)
    made.push(await userWithFactor.launch({ name, image: name === "thesis" ? "dev" : "debian" }));
  await userWithFactor.lock(made[2]?.id ?? "");
  await userWithFactor.api.post(`/api/terminals/${made[3]?.id}/stop`);
  await userWithFactor.until(made[3]?.id ?? "", "stopped");
  await dashboard.open();
  await expect(dashboard.cards).toHaveCount(4);
  await shoot(page, "dashboard");
  await dashboard
    .card(made[0]?.id ?? "")
    .getByTestId("card-menu")
    .click();
  await shoot(page, "dashboard-menu");
  await page.keyboard.press("Escape");
  await dashboard.act(made[2]?.id ?? "", "delete");
  await shoot(page, "delete-locked");
});

test("a launch in progress", async ({ user, openPage }) => {
  const page = await openPage(user);
  // The response is delayed, so that the screenshot shows the steps.
  const answer = deferred();
  await page.route("**/api/terminals", async (route) => {
    if (route.request().method() === "POST") await answer.promise;
    await route.continue();
  });
  const dashboard = await new Dashboard(page).open();
  await dashboard.openLaunchDialog();
  await dashboard.launchDialog.getByTestId("launch-submit").click();
  await expect(page.getByTestId("stages")).toBeVisible();
  await shoot(page, "launching");
  answer.release();
  await page.waitForURL(/\/terminals\//);
});

test("a terminal in its three states", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(401, 423);
  const { id } = await userWithFactor.launch({ name: "prod-database", image: "dev" });
  const page = await openPage(userWithFactor, { viewport: { width: 1440, height: 900 } });
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await terminal.enter("clear; git --version; python3 --version; ls -la --color=always /etc | head -n 18");
  await terminal.sees(/Python 3/);
  await terminal.ready();
  await shoot(page, "terminal");
  await page.getByTestId("tool-security").click();
  await expect(page.getByTestId("security-row").first()).toBeVisible();
  await shoot(page, "terminal-security");
  await page.getByTestId("tool-security").click();
  await terminal.lockFromToolbar();
  await expect(terminal.prompt).toBeVisible();
  await shoot(page, "terminal-locked");
  await terminal.answer("verify", userWithFactor.wrongCode());
  await expect(terminal.problem).toBeVisible();
  await shoot(page, "terminal-locked-refused");
  await terminal.answer("verify", await userWithFactor.nextCode());
  await terminal.sees(/Python 3/);
  await terminal.showsLock("granted");
  await shoot(page, "terminal-granted");
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(page.getByTestId("toast")).toHaveCount(0, { timeout: 30_000 });
  await fits(page, "the terminal fits again");
  if (PICTURES) {
    const picture = join(SCREENS, "picture.png");
    await page.screenshot({ path: picture, animations: "disabled" });
    if (process.env["REXEC_PICTURE"] === "1") copyFileSync(picture, join(ROOT, "docs", "picture.png"));
  }
  await terminal.enter("exit 3");
  await expect(terminal.exitBanner).toBeVisible();
  await shoot(page, "terminal-ended");
});

test("account settings", async ({ user, openPage, pageErrors }) => {
  pageErrors.expectStatus(401);
  const page = await openPage(user);
  const account = await new AccountPage(page).open("security");
  await shoot(page, "account-security-off");
  await page.getByTestId("enable-mfa").click();
  await shoot(page, "mfa-1-password");
  await account.wizard.getByTestId("dialog-close").click();
  await account.beginEnrolment(user.password);
  await shoot(page, "mfa-2-scan");
  const authenticator = await account.scan();
  await account.confirm(await authenticator.nextCode());
  await expect(account.codes).toHaveCount(10);
  await shoot(page, "mfa-3-codes");
  await account.keepCodes();
  await expect(account.on).toBeVisible();
  await shoot(page, "account-security-on");
  for (const section of ["password", "sessions", "audit"] as const) {
    await account.open(section);
    await shoot(page, `account-${section}`);
  }
});

test("administration, with all findings of the system page", async ({ environment, running, openPage }) => {
  void running;
  const page = await openPage(environment.admin);
  for (const section of ["users", "invites", "terminals", "images", "tiers", "settings", "audit", "system"]) {
    await page.goto(`/admin/${section}`);
    await expect(page.locator("main h1")).toBeVisible();
    await shoot(page, `admin-${section}`);
  }
  // The last one lists what the server found.
  expect(await page.getByTestId("finding").count()).toBeGreaterThanOrEqual(3);
  await expect(page.getByTestId("finding").first()).toHaveAttribute("data-level", /Good|Weaker|Broken/);
});

test("unknown addresses", async ({ user, openPage, pageErrors }) => {
  pageErrors.expectStatus(404);
  const page = await openPage(user);
  await page.goto("/nowhere");
  await expect(page.getByTestId("not-found")).toBeVisible();
  await shoot(page, "not-found");
  await page.goto(`/terminals/${crypto.randomUUID()}`);
  await expect(page.getByTestId("problem-page")).toBeVisible();
  await shoot(page, "terminal-not-found");
  await page.keyboard.press("?");
  await expect(page.getByTestId("shortcuts-sheet")).toBeVisible();
  await shoot(page, "shortcuts");
});
