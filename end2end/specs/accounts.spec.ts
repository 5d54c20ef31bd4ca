// Accounts: joining, signing in and out, login sessions, and that everything of a login ends with it.
import { AccountPage } from "../pages/account";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import { Api } from "../world/api";
import type { LoginSession, Page } from "../world/contract";
import { expect, test } from "../world/fixtures";
import { attach, attached } from "../world/socket";

const SESSIONS = "/api/account/sessions";

test("signing in asks for the password, then for a code, and leads to where the person wanted to go", async ({ guarded, visit, watch }) => {
  watch.expectsStatus(401);
  const { id } = await guarded.launch();
  const page = await visit(undefined);
  await page.goto(`/terminals/${id}`);
  await expect(page).toHaveURL(/\/login\?next=/);
  const login = new EntryPage(page);
  await login.signIn(guarded.username, "not the password");
  await expect(login.problem).toHaveAttribute("data-kind", "wrong_credentials");
  await login.signIn(guarded.username, guarded.password);
  await login.typeCode(guarded.wrongCode());
  await expect(login.problem).toHaveAttribute("data-kind", "wrong_code");
  await expect(login.code, "the refusal belongs to the field").toHaveAccessibleDescription(/code/i);
  await login.typeCode(await guarded.nextCode());
  await expect(page).toHaveURL(new RegExp(`/terminals/${id}$`));
  await new TerminalPage(page).ready();
});

test("a recovery code signs in once, and the person is told", async ({ guarded, visit, watch }) => {
  watch.expectsStatus(401);
  const code = guarded.takeRecoveryCode();
  const page = await visit(undefined);
  await page.goto("/login");
  const login = new EntryPage(page);
  await login.signIn(guarded.username, guarded.password);
  await login.useRecoveryCode(code.toUpperCase());
  await expect(page.getByTestId("dashboard")).toBeVisible();
  expect((await guarded.me()).recovery_codes_left).toBe(9);
  const again = await visit(undefined);
  await again.goto("/login");
  const second = new EntryPage(again);
  await second.signIn(guarded.username, guarded.password);
  await second.useRecoveryCode(code);
  await expect(second.problem).toHaveAttribute("data-kind", "wrong_code");
});

test("unknown people and wrong passwords are answered alike", async ({ house, person }) => {
  const nobody = new Api(house.server.origin);
  const unknown = await nobody.refused("POST", "/api/auth/login", { username: "no-such-person", password: "a long enough password" });
  const wrong = await nobody.refused("POST", "/api/auth/login", { username: person.username, password: "a long enough password" });
  expect({ ...unknown, request_id: "" }).toEqual({ ...wrong, request_id: "" });
  expect(nobody.cookie).toBe("");
});

test("the cookie of a login is out of reach for scripts and other sites, and new at each login", async ({ house, person }) => {
  const api = new Api(house.server.origin);
  const reply = await api.exchange("POST", "/api/auth/login", { username: person.username, password: person.password });
  const [line = ""] = [reply.headers["set-cookie"] ?? []].flat();
  expect(line).toMatch(/^__Host-[\w-]+=[\w-]{22,};/);
  for (const attribute of [/;\s*httponly/i, /;\s*secure/i, /;\s*samesite=strict/i, /;\s*path=\//i]) expect(line).toMatch(attribute);
  expect(line).not.toMatch(/domain=/i);
  const fixed = api.copy();
  await fixed.post("/api/auth/login", { username: person.username, password: person.password });
  expect(fixed.cookie, "a login brings its own token").not.toBe(api.cookie);
});

test("signing out ends the login everywhere it is used: page, requests, sockets", async ({ person, visit, watch }) => {
  watch.expectsStatus(401);
  const { id } = await person.launch();
  const page = await visit(person);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  const other = await page.context().newPage();
  await other.goto("/");
  await other.getByTestId("user-menu").click();
  await other.getByTestId("logout").click();
  await expect(other).toHaveURL(/\/login/);
  await expect(page, "the tab with the terminal leaves too").toHaveURL(/\/login/);
  await expect(page.locator("main"), "and says why").toContainText("Your login has ended");

  const api = await person.signInElsewhere();
  const thief = api.copy();
  const socket = await attached(thief, id);
  await api.post("/api/auth/logout");
  expect(await socket.closed()).toBe(4401);
  expect((await thief.refused("GET", "/api/me")).status).toBe(401);
});

test("login sessions are listed; one that is revoked is dead at once, with its sockets", async ({ person }) => {
  const { id } = await person.launch();
  const other = await person.signInElsewhere();
  const socket = await attached(other, id);
  const { items } = await person.api.get<Page<LoginSession>>(SESSIONS);
  expect(items.filter((session) => session.current)).toHaveLength(1);
  const mine = (await other.get<Page<LoginSession>>(SESSIONS)).items.find((session) => session.current);
  expect(items.map((session) => session.id)).toContain(mine?.id);
  await person.api.ask("DELETE", `${SESSIONS}/${mine?.id}`);
  expect(await socket.closed()).toBe(4401);
  expect((await other.refused("GET", "/api/me")).status).toBe(401);
  const [one, two] = [await person.signInElsewhere(), await person.signInElsewhere()];
  await person.api.post(`${SESSIONS}/revoke-others`);
  for (const api of [one, two]) expect((await api.refused("GET", "/api/me")).status).toBe(401);
  expect((await person.me()).username).toBe(person.username);
});

test("the page lists where somebody is signed in, and ends one of these or all others", async ({ person, visit }) => {
  await person.api.post(`${SESSIONS}/revoke-others`);
  const page = await visit(person);
  const [one, two, three] = [await person.signInElsewhere(), await person.signInElsewhere(), await person.signInElsewhere()];
  const account = await new AccountPage(page).open("sessions");
  await expect(account.sessions).toHaveCount(5);
  await expect(account.sessions.and(page.locator("[data-current=true]"))).toHaveCount(1);
  await expect(account.sessions.and(page.locator("[data-current=true]"))).toContainText("Chrom");
  await account.sessions.and(page.locator("[data-current=false]")).first().getByTestId("revoke").click();
  await expect(account.sessions).toHaveCount(4);
  const alive = async () => {
    const replies = await Promise.all([person.api, one, two, three].map((api) => api.exchange("GET", "/api/me")));
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

test("nobody revokes the session of somebody else", async ({ house, person }) => {
  const admin = (await house.admin.api.get<Page<LoginSession>>(SESSIONS)).items[0];
  expect((await person.api.refused("DELETE", `${SESSIONS}/${admin?.id}`)).status).toBe(404);
  expect((await house.admin.me()).role).toBe("admin");
});

test("a new password ends every other login and needs the old one", async ({ person }) => {
  const other = await person.signInElsewhere();
  const change = { current: "wrong password", new: "an entirely new sentence" };
  expect((await person.api.refused("POST", "/api/account/password", change)).status).toBe(401);
  for (const bad of ["short", "password", "password1", "x".repeat(129)]) {
    const problem = await person.api.refused("POST", "/api/account/password", { current: person.password, new: bad });
    expect([400, 422], bad).toContain(problem.status);
  }
  await person.api.post("/api/account/password", { ...change, current: person.password });
  person.password = change.new;
  expect((await other.refused("GET", "/api/me")).status).toBe(401);
  await person.signInElsewhere();
});

test("enrolling a factor ends the other logins, which were made without it", async ({ person }) => {
  const other = await person.signInElsewhere();
  await person.enrol();
  expect((await other.refused("GET", "/api/me")).status).toBe(401);
});

test("an invited person chooses a name by a link that works once, and sees nothing of anybody else", async ({ house, visit, watch }) => {
  watch.expectsStatus(403, 404);
  const mine = await house.admin.launch({ name: "the administrator's" });
  const { url } = await house.admin.api.post<{ url: string }>("/api/admin/users/invite", { role: "user" });
  const page = await visit(undefined);
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
  const late = await visit(undefined);
  await late.goto(url);
  await expect(late.getByTestId("problem-page")).toHaveAttribute("data-kind", "stale_link");
  await house.admin.delete(mine.id);
});

test("roles and disabling are believed at once", async ({ house, person }) => {
  const { id } = await person.launch();
  const socket = await attached(person.api, id);
  const { id: user } = await person.me();
  expect((await person.api.refused("GET", "/api/admin/users")).status).toBe(403);
  expect((await person.api.refused("PATCH", `/api/admin/users/${user}`, { role: "admin" })).status).toBe(403);
  await house.admin.api.ask("PATCH", `/api/admin/users/${user}`, { role: "admin" });
  await person.signIn();
  await person.api.get("/api/admin/users");
  await house.admin.api.ask("PATCH", `/api/admin/users/${user}`, { role: "user" });
  expect([401, 403]).toContain((await person.api.refused("GET", "/api/admin/users")).status);
  await person.signIn();
  const open = socket.isOpen ? socket : await attached(person.api, id);
  await house.admin.api.ask("PATCH", `/api/admin/users/${user}`, { disabled: true });
  expect(await open.closed()).toBe(4401);
  expect((await person.api.refused("GET", "/api/me")).status).toBe(401);
  expect((await new Api(person.origin).refused("POST", "/api/auth/login", { username: person.username, password: person.password })).status).toBe(401);
  await house.admin.api.ask("PATCH", `/api/admin/users/${user}`, { disabled: false });
  await person.signIn();
});

test("an administrator resets a factor; that opens no locked terminal, to nobody", async ({ house, guarded }) => {
  const { id } = await guarded.launch();
  await guarded.lock(id);
  const { id: user } = await guarded.me();
  await house.admin.api.post(`/api/admin/users/${user}/reset-mfa`);
  expect((await attach(house.admin.api, id)).status).toBe(404);
  guarded.recoveryCodes = [];
  guarded.authenticator = undefined;
  await guarded.signIn();
  expect((await guarded.me()).mfa_enabled).toBe(false);
  expect((await attach(guarded.api, id)).status, "locked is locked").toBe(423);
  await guarded.enrol();
  const path = `/api/security/terminal/${id}/mfa-verify`;
  await guarded.api.post(path, { code: guarded.takeRecoveryCode() });
  (await attached(guarded.api, id)).close();
});
