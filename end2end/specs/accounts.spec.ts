// Accounts: joining, signing in and out, login sessions, and that everything of a login ends with it.
import { AccountPage } from "../pages/account";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import { Api } from "../fixtures/api";
import type { LoginSession, Page } from "../fixtures/contract";
import { expect, test } from "../fixtures/test";
import { attach, attached } from "../fixtures/socket";

const SESSIONS = "/api/account/sessions";

test("signing in asks for the password, then for a code, and leads to where the user wanted to go", async ({
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

test("a recovery code signs in once, and the user is told", async ({ userWithFactor, openPage, pageErrors }) => {
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

test("unknown people and wrong passwords are answered alike", async ({ environment, user }) => {
  const nobody = new Api(environment.server.origin);
  const unknown = await nobody.refused("POST", "/api/auth/login", {
    username: "no-such-user",
    password: "a long enough password",
  });
  const wrong = await nobody.refused("POST", "/api/auth/login", {
    username: user.username,
    password: "a long enough password",
  });
  expect({ ...unknown, request_id: "" }).toEqual({ ...wrong, request_id: "" });
  expect(nobody.cookie).toBe("");
});

test("the cookie of a login is out of reach for scripts and other sites, and new at each login", async ({
  environment,
  user,
}) => {
  const api = new Api(environment.server.origin);
  const reply = await api.exchange("POST", "/api/auth/login", { username: user.username, password: user.password });
  const [line = ""] = [reply.headers["set-cookie"] ?? []].flat();
  expect(line).toMatch(/^__Host-[\w-]+=[\w-]{22,};/);
  for (const attribute of [/;\s*httponly/i, /;\s*secure/i, /;\s*samesite=strict/i, /;\s*path=\//i])
    expect(line).toMatch(attribute);
  expect(line).not.toMatch(/domain=/i);
  const fixed = api.copy();
  await fixed.post("/api/auth/login", { username: user.username, password: user.password });
  expect(fixed.cookie, "a login brings its own token").not.toBe(api.cookie);
});

test("signing out ends the login everywhere it is used: page, requests, sockets", async ({
  user,
  openPage,
  pageErrors,
}) => {
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

test("login sessions are listed; one that is revoked is dead at once, with its sockets", async ({ user }) => {
  const { id } = await user.launch();
  const other = await user.signInElsewhere();
  const socket = await attached(other, id);
  const { items } = await user.api.get<Page<LoginSession>>(SESSIONS);
  expect(items.filter((session) => session.current)).toHaveLength(1);
  const mine = (await other.get<Page<LoginSession>>(SESSIONS)).items.find((session) => session.current);
  expect(items.map((session) => session.id)).toContain(mine?.id);
  await user.api.ask("DELETE", `${SESSIONS}/${mine?.id}`);
  expect(await socket.closed()).toBe(4401);
  expect((await other.refused("GET", "/api/me")).status).toBe(401);
  const [one, two] = [await user.signInElsewhere(), await user.signInElsewhere()];
  await user.api.post(`${SESSIONS}/revoke-others`);
  for (const api of [one, two]) expect((await api.refused("GET", "/api/me")).status).toBe(401);
  expect((await user.me()).username).toBe(user.username);
});

test("the page lists where somebody is signed in, and ends one of these or all others", async ({ user, openPage }) => {
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

test("nobody revokes the session of somebody else", async ({ environment, user }) => {
  const admin = (await environment.admin.api.get<Page<LoginSession>>(SESSIONS)).items[0];
  expect((await user.api.refused("DELETE", `${SESSIONS}/${admin?.id}`)).status).toBe(404);
  expect((await environment.admin.me()).role).toBe("admin");
});

test("a new password ends every other login and needs the old one", async ({ user }) => {
  const other = await user.signInElsewhere();
  const change = { current: "wrong password", new: "an entirely new sentence" };
  expect((await user.api.refused("POST", "/api/account/password", change)).status).toBe(401);
  for (const bad of ["short", "password", "password1", "x".repeat(129)]) {
    const problem = await user.api.refused("POST", "/api/account/password", { current: user.password, new: bad });
    expect([400, 422], bad).toContain(problem.status);
  }
  await user.api.post("/api/account/password", { ...change, current: user.password });
  user.password = change.new;
  expect((await other.refused("GET", "/api/me")).status).toBe(401);
  await user.signInElsewhere();
});

test("enrolling a factor ends the other logins, which were made without it", async ({ user }) => {
  const other = await user.signInElsewhere();
  await user.enrol();
  expect((await other.refused("GET", "/api/me")).status).toBe(401);
});

test("an invited user chooses a name by a link that works once, and sees nothing of anybody else", async ({
  environment,
  openPage,
  pageErrors,
}) => {
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

test("roles and disabling are believed at once", async ({ environment, user }) => {
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

test("an administrator resets a factor; that opens no locked terminal, to nobody", async ({
  environment,
  userWithFactor,
}) => {
  const { id } = await userWithFactor.launch();
  await userWithFactor.lock(id);
  const { id: userId } = await userWithFactor.me();
  await environment.admin.api.post(`/api/admin/users/${userId}/reset-mfa`);
  expect((await attach(environment.admin.api, id)).status).toBe(404);
  userWithFactor.recoveryCodes = [];
  userWithFactor.authenticator = undefined;
  await userWithFactor.signIn();
  expect((await userWithFactor.me()).mfa_enabled).toBe(false);
  expect((await attach(userWithFactor.api, id)).status, "locked is locked").toBe(423);
  await userWithFactor.enrol();
  const path = `/api/security/terminal/${id}/mfa-verify`;
  await userWithFactor.api.post(path, { code: userWithFactor.takeRecoveryCode() });
  (await attached(userWithFactor.api, id)).close();
});
