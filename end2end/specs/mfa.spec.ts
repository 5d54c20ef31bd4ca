// The second factor in the page: enrolment, recovery codes, removal.
import { readFile } from "node:fs/promises";

import type { Locator } from "@playwright/test";

import { AccountPage } from "../pages/account";
import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { Api } from "../fixtures/api";
import { expect, test } from "../fixtures/test";
import { deferred } from "../fixtures/observation";

test("enabling MFA shows the secret and, once, the recovery codes, and login asks for a code", async ({
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(401);
  const page = await openPage(user, { permissions: ["clipboard-read", "clipboard-write"] });
  const account = await new AccountPage(page).open("security");
  await expect(account.off).toBeVisible();
  await page.getByTestId("enable-mfa").click();
  await account.wizard.getByLabel("Your password").fill("not the password");
  await account.wizard.getByTestId("enrol-continue").click();
  await expect(account.wizard).toContainText(/not right|do not match|wrong/i);
  await page.keyboard.press("Escape");
  await expect(account.wizard).toBeHidden();

  await account.beginEnrolment(user.password);
  const authenticator = await account.scan();
  await account.confirm(authenticator.wrongCode());
  await expect(account.wizard.getByTestId("problem")).toHaveAttribute("data-kind", "wrong_code");
  expect((await user.me()).mfa_enabled, "pending until the first right code").toBe(false);
  await account.confirm(await authenticator.nextCode());
  await expect(account.codes).toHaveCount(10);
  const shown = await account.codes.allInnerTexts();
  // A dialog that is shown once is closed by its own buttons only.
  for (let presses = 0; presses < 3; presses++) await page.keyboard.press("Escape");
  await expect(account.codes).toHaveCount(10);

  await page.getByTestId("copy-codes").click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(shown.join("\n"));
  const download = page.waitForEvent("download");
  await page.getByTestId("download-codes").click();
  const file = await readFile(await (await download).path(), "utf8");
  for (const code of shown) expect(file).toContain(code);
  user.recoveryCodes = await account.keepCodes();
  user.authenticator = authenticator;
  await expect(account.on).toBeVisible();
  await expect(page.getByTestId("recovery-left")).toContainText("10 of 10");
  await page.reload();
  await expect(account.on).toBeVisible();
  await expect(page.locator("body"), "shown once").not.toContainText(shown[0] ?? "");

  const other = await openPage(undefined);
  await other.goto("/login");
  const login = new EntryPage(other);
  await login.signIn(user.username, user.password);
  await expect(login.code).toHaveAttribute("autocomplete", "one-time-code");
  await login.typeCode(await user.nextCode());
  await expect(new Dashboard(other).empty).toBeVisible();
});

test("recovery codes that arrive after their dialog was closed reopen it", async ({ user, openPage }) => {
  const page = await openPage(user);
  const account = await new AccountPage(page).open("security");
  /** Types a code, closes the dialog during the request, and returns what is shown then. */
  const closeMeanwhile = async (path: string, type: () => Promise<void>, dialog: Locator) => {
    const sent = deferred();
    await page.route(path, async (route) => {
      await sent.promise;
      await route.continue();
    });
    const asked = page.waitForRequest(path);
    await type();
    await asked;
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
    sent.release();
    await expect(dialog).toBeVisible();
    return account.keepCodes();
  };
  await account.beginEnrolment(user.password);
  const authenticator = (user.authenticator = await account.scan());
  const first = await authenticator.nextCode();
  user.recoveryCodes = await closeMeanwhile("**/api/account/mfa/confirm", () => account.confirm(first), account.wizard);
  await expect(account.on).toBeVisible();

  await page.getByTestId("new-codes").click();
  const renewal = page.getByTestId("recovery-dialog");
  await renewal.getByTestId("code-swap").click();
  await renewal.getByTestId("code").fill(user.takeRecoveryCode());
  const send = () => renewal.getByTestId("new-codes-confirm").click();
  const fresh = await closeMeanwhile("**/api/account/mfa/recovery-codes", send, renewal);
  expect(fresh).not.toEqual(user.recoveryCodes);
  user.recoveryCodes = fresh;
});

test("new recovery codes replace the old ones in the page, and disabling needs a code", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(401);
  const old = userWithFactor.takeRecoveryCode();
  const page = await openPage(userWithFactor);
  const account = await new AccountPage(page).open("security");
  await page.getByTestId("new-codes").click();
  await page
    .getByTestId("recovery-dialog")
    .getByTestId("code")
    .pressSequentially(await userWithFactor.nextCode());
  userWithFactor.recoveryCodes = await account.keepCodes();
  const login = new Api(userWithFactor.origin);
  await login.post("/api/auth/login", { username: userWithFactor.username, password: userWithFactor.password });
  expect((await login.refused("POST", "/api/auth/login/mfa", { code: old })).type).toBe("wrong_code");
  await login.post("/api/auth/login/mfa", { code: userWithFactor.takeRecoveryCode() });

  await page.getByTestId("disable-mfa").click();
  const dialog = page.getByTestId("disable-dialog");
  await expect(dialog).toContainText(/every recovery code stop/);
  await expect(dialog.getByTestId("disable-confirm")).toBeDisabled();
  const wrong = userWithFactor.wrongCode();
  await dialog.getByTestId("code").pressSequentially(wrong.slice(0, 5));
  await expect(dialog.getByTestId("disable-confirm"), "not with a part of a code").toBeDisabled();
  await dialog.getByTestId("code").pressSequentially(wrong.slice(5));
  await dialog.getByTestId("disable-confirm").click();
  await expect(dialog.getByTestId("problem")).toHaveAttribute("data-kind", "wrong_code");
  await expect(dialog.getByTestId("code"), "the refusal belongs to the field").toHaveAccessibleDescription(/code/i);
  await dialog.getByTestId("code-swap").click();
  await dialog.getByTestId("code").fill(userWithFactor.takeRecoveryCode());
  await dialog.getByTestId("disable-confirm").click();
  await expect(account.off).toBeVisible();
});
