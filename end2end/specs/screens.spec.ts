// Screenshots of every page, at three widths, dark and light.
// With REXEC_PICTURE=1 one of them becomes the picture of the documentation.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { AccountPage } from "../pages/account";
import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";
import { deferred } from "../fixtures/observation";
import { ARTEFACTS, ROOT, Server } from "../fixtures/server";

const SCREENS = join(ARTEFACTS, "screens");
const WIDTHS = [
  [1440, 900],
  [768, 1024],
  [390, 844],
] as const;

test.describe.configure({ timeout: 300_000 });
test.beforeAll(() => void mkdirSync(SCREENS, { recursive: true }));

/** Pixels by which a terminal overflows its container, or leaves more free than its margins and bar. */
function unfit(): number {
  const host = document.querySelector(".terminal-host");
  const screen = host?.querySelector(".xterm-screen");
  if (!host || !screen) return 0;
  const left = host.clientWidth - screen.clientWidth;
  return left < 0 ? -left : Math.max(0, left - 64);
}

/** Takes all six screenshots of a page. No page may be wider than the window. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const [width, height] of WIDTHS) {
    await page.setViewportSize({ width, height });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await expect.poll(overflow, { message: `${name} is wider than ${width}` }).toBeLessThanOrEqual(0);
    await expect.poll(() => page.evaluate(unfit), { message: `the terminal does not fit into ${width}` }).toBe(0);
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: join(SCREENS, `${name}-${width}-${colorScheme}.png`), animations: "disabled" });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

test("first start", async ({ browser, pageErrors }) => {
  const server = await Server.fresh();
  const context = await browser.newContext({ baseURL: server.origin });
  await pageErrors.follow(context);
  const page = await context.newPage();
  await page.goto(server.setupLink ?? "");
  await expect(page.getByTestId("setup-submit")).toBeEnabled();
  await shoot(page, "setup");
  await page.goto("/login");
  await expect(page.getByTestId("setup-needed")).toBeVisible();
  await shoot(page, "login-before-setup");
  await context.close();
  expect(await server.dispose()).toEqual({ containers: [], volumes: [] });
});

test("signing in", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(401);
  const page = await openPage(undefined);
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

test("an invitation", async ({ environment, openPage }) => {
  const { url } = await environment.admin.api.post<{ url: string }>("/api/admin/users/invite", { role: "user" });
  const page = await openPage(undefined);
  await page.goto(url);
  await expect(page.getByTestId("invite-submit")).toBeEnabled();
  await shoot(page, "invite");
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
  await expect.poll(() => page.evaluate(unfit), { message: "the terminal fits again" }).toBe(0);
  await page.screenshot({ path: join(SCREENS, "picture.png"), animations: "disabled" });
  if (process.env["REXEC_PICTURE"] === "1")
    copyFileSync(join(SCREENS, "picture.png"), join(ROOT, "docs", "picture.png"));
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

test("administration", async ({ environment, userWithFactor, openPage }) => {
  await userWithFactor.launch({ name: "somebody's" });
  const page = await openPage(environment.admin);
  for (const section of ["users", "invites", "terminals", "images", "tiers", "settings", "audit", "system"]) {
    await page.goto(`/admin/${section}`);
    await expect(page.locator("main h1")).toBeVisible();
    await shoot(page, `admin-${section}`);
  }
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
