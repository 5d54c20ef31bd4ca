// Accounts in the page: login, logout, login sessions, and what ends with a login.
import { AccountPage } from "../pages/account";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";

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

test("logout ends the login in every page", async ({ running, openPage, pageErrors }) => {
  pageErrors.expectStatus(401);
  const page = await openPage(running.user);
  const terminal = await new TerminalPage(page).open(running.id);
  await terminal.ready();
  const other = await page.context().newPage();
  await other.goto("/");
  await other.getByTestId("user-menu").click();
  await other.getByTestId("logout").click();
  await expect(other).toHaveURL(/\/login/);
  await expect(page, "the tab with the terminal leaves too").toHaveURL(/\/login/);
  await expect(page.locator("main"), "and says why").toContainText("Your login has ended");
});

test("login sessions are listed, and one or all others can be ended", async ({ user, openPage }) => {
  const page = await openPage(undefined);
  await page.goto("/login");
  await new EntryPage(page).signIn(user.username, user.password);
  await expect(page.getByTestId("dashboard")).toBeVisible();
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
