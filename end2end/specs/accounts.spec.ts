// Accounts in the page: login, logout, login sessions, and what ends with a login.
import { AccountPage } from "../pages/account";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import { Api } from "../fixtures/api";
import { expect, test } from "../fixtures/test";
import { attached } from "../fixtures/socket";

const SESSIONS = "/api/account/sessions";

test("login asks for the password, then for a code, and returns to the requested page", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(401);
  const { id } = await userWithFactor.launch();
  const page = await openPage(undefined);
  await page.goto(`/terminals/${id}`);
  await expect(page).toHaveURL(/\/login\?next=/);
  const login = new EntryPage(page);
  await login.signIn(userWithFactor.username, "not the password");
  await expect(login.problem).toHaveAttribute("data-kind", "wrong_credentials");
  await login.signIn(userWithFactor.username, userWithFactor.password);
  await login.typeCode(userWithFactor.wrongCode());
  await expect(login.problem).toHaveAttribute("data-kind", "wrong_code");
  await expect(login.code, "the refusal belongs to the field").toHaveAccessibleDescription(/code/i);
  await login.typeCode(await userWithFactor.nextCode());
  await expect(page).toHaveURL(new RegExp(`/terminals/${id}$`));
  await new TerminalPage(page).ready();
});

test("a recovery code signs in once and the user is notified", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(401);
  const code = userWithFactor.takeRecoveryCode();
  const page = await openPage(undefined);
  await page.goto("/login");
  const login = new EntryPage(page);
  await login.signIn(userWithFactor.username, userWithFactor.password);
  await login.useRecoveryCode(code.toUpperCase());
  await expect(page.getByTestId("dashboard")).toBeVisible();
  expect((await userWithFactor.me()).recovery_codes_left).toBe(9);
  const again = await openPage(undefined);
  await again.goto("/login");
  const second = new EntryPage(again);
  await second.signIn(userWithFactor.username, userWithFactor.password);
  await second.useRecoveryCode(code);
  await expect(second.problem).toHaveAttribute("data-kind", "wrong_code");
});

test("logout ends the login in pages, requests and sockets", async ({ user, openPage, pageErrors }) => {
  pageErrors.expectStatus(401);
  const { id } = await user.launch();
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  const other = await page.context().newPage();
  await other.goto("/");
  await other.getByTestId("user-menu").click();
  await other.getByTestId("logout").click();
  await expect(other).toHaveURL(/\/login/);
  await expect(page, "the tab with the terminal leaves too").toHaveURL(/\/login/);
  await expect(page.locator("main"), "and says why").toContainText("Your login has ended");

  const api = await user.signInElsewhere();
  const thief = api.copy();
  const socket = await attached(thief, id);
  await api.post("/api/auth/logout");
  expect(await socket.closed()).toBe(4401);
  expect((await thief.refused("GET", "/api/me")).status).toBe(401);
});

test("login sessions are listed, and one or all others can be ended", async ({ user, openPage }) => {
  await user.api.post(`${SESSIONS}/revoke-others`);
  const page = await openPage(user);
  const [one, two, three] = [await user.signInElsewhere(), await user.signInElsewhere(), await user.signInElsewhere()];
  const account = await new AccountPage(page).open("sessions");
  await expect(account.sessions).toHaveCount(5);
  await expect(account.sessions.and(page.locator("[data-current=true]"))).toHaveCount(1);
  await expect(account.sessions.and(page.locator("[data-current=true]"))).toContainText("Chrom");
  await account.sessions.and(page.locator("[data-current=false]")).first().getByTestId("revoke").click();
  await expect(account.sessions).toHaveCount(4);
  const alive = async () => {
    const replies = await Promise.all([user.api, one, two, three].map((api) => api.exchange("GET", "/api/me")));
    return replies.filter((reply) => reply.status === 200).length;
  };
  expect(await alive()).toBe(3);
  await page.getByTestId("revoke-others").click();
  await expect(page.getByTestId("revoke-dialog").getByRole("button", { name: "Cancel" })).toBeFocused();
  expect(await alive(), "nothing ends before the answer").toBe(3);
  await page.getByTestId("question-yes").click();
  await expect(account.sessions).toHaveCount(1);
  expect(await alive()).toBe(0);
  await page.reload();
  await expect(account.sessions, "this one goes on").toHaveCount(1);
});

test("an invitation works once and its user sees no data of others", async ({ environment, openPage, pageErrors }) => {
  pageErrors.expectStatus(403, 404);
  const mine = await environment.admin.launch({ name: "the administrator's" });
  const { url } = await environment.admin.api.post<{ url: string }>("/api/admin/users/invite", { role: "user" });
  const page = await openPage(undefined);
  await page.goto(url);
  await expect(page, "the token leaves the address bar").not.toHaveURL(/token/);
  const form = new EntryPage(page);
  await form.choose("grace", "a sentence nobody guesses", "invite-submit");
  await page.waitForURL((address) => !address.pathname.startsWith("/invite"));
  if (new URL(page.url()).pathname === "/login") await form.signIn("grace", "a sentence nobody guesses");
  await expect(page.getByTestId("dashboard-empty")).toBeVisible();
  await expect(page.getByTestId("nav-admin")).toHaveCount(0);
  await page.goto(`/terminals/${mine.id}`);
  await expect(page.getByTestId("problem-page")).toHaveAttribute("data-kind", "not_found");
  await page.goto("/admin/users");
  await expect(page.getByTestId("problem-page").first()).toBeVisible();
  const late = await openPage(undefined);
  await late.goto(url);
  await expect(late.getByTestId("problem-page")).toHaveAttribute("data-kind", "stale_link");
  await environment.admin.delete(mine.id);
});

test("role changes and disabling take effect immediately", async ({ environment, user }) => {
  const { id } = await user.launch();
  const socket = await attached(user.api, id);
  const { id: userId } = await user.me();
  expect((await user.api.refused("GET", "/api/admin/users")).status).toBe(403);
  expect((await user.api.refused("PATCH", `/api/admin/users/${userId}`, { role: "admin" })).status).toBe(403);
  await environment.admin.api.ask("PATCH", `/api/admin/users/${userId}`, { role: "admin" });
  await user.signIn();
  await user.api.get("/api/admin/users");
  await environment.admin.api.ask("PATCH", `/api/admin/users/${userId}`, { role: "user" });
  expect([401, 403]).toContain((await user.api.refused("GET", "/api/admin/users")).status);
  await user.signIn();
  const open = socket.isOpen ? socket : await attached(user.api, id);
  await environment.admin.api.ask("PATCH", `/api/admin/users/${userId}`, { disabled: true });
  expect(await open.closed()).toBe(4401);
  expect((await user.api.refused("GET", "/api/me")).status).toBe(401);
  expect(
    (
      await new Api(user.origin).refused("POST", "/api/auth/login", {
        username: user.username,
        password: user.password,
      })
    ).status,
  ).toBe(401);
  await environment.admin.api.ask("PATCH", `/api/admin/users/${userId}`, { disabled: false });
  await user.signIn();
});
