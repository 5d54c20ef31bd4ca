// Forms: rules shown beforehand, all errors at once, no input lost.
import type { Page } from "@playwright/test";

import { AccountPage } from "../pages/account";
import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { expect, test } from "../fixtures/test";

const RULE = [/8 to 128 characters/, /common password/, /your username/];

/** Names of the invalid fields, in page order. */
const wrong = (page: Page) =>
  page.locator("[aria-invalid=true]").evaluateAll((fields) => fields.map((field) => field.getAttribute("name")));

test("the join form shows all rules beforehand and all errors at once", async ({
  environment,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(422);
  const { url } = await environment.admin.api.post<{ url: string }>("/api/admin/users/invite", { role: "user" });
  const page = await openPage(undefined);
  await page.goto(url);
  const form = new EntryPage(page);
  const send = page.getByTestId("invite-submit");
  await expect(send).toBeEnabled();
  for (const part of RULE) await expect(form.password, "told beforehand").toHaveAccessibleDescription(part);
  await send.click();
  expect(await wrong(page), "an empty form").toEqual(["username", "password"]);
  await expect(form.username, "the first mistake has the keyboard").toBeFocused();
  const long = `ada-${"x".repeat(40)}`;
  await form.username.evaluate((field, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    (field as HTMLInputElement).focus();
    document.execCommand("insertText", false, data.getData("text/plain"));
  }, long);
  await form.password.fill("short");
  await form.repeat.fill("other");
  await send.click();
  expect(await wrong(page)).toEqual(["username", "password", "repeat"]);
  await expect(form.username, "what was typed is kept").toHaveValue(long);
  await expect(form.username).toHaveAccessibleDescription(/3 to 32/);
  await form.username.fill("lovelace");
  await form.password.fill("Lovelace and her engine");
  await form.repeat.fill("Lovelace and her engine");
  await send.click();
  expect(await wrong(page), "a password that tells the name is seen before it is sent").toEqual(["password"]);
  await expect(form.password).toHaveAccessibleDescription(/must not contain the username/);
  await form.choose("lovelace", "password1", "invite-submit");
  await expect(form.password, "a common one is known to the server").toHaveAccessibleDescription(
    /first that an attacker tries/,
  );
  expect(await wrong(page)).toEqual(["password"]);
  await form.choose("lovelace", "a sentence nobody guesses", "invite-submit");
  await expect(page.getByTestId("dashboard")).toBeVisible();
});

test("the password form shows all rules and all errors at once", async ({ userWithFactor, openPage }) => {
  const page = await openPage(userWithFactor);
  await new AccountPage(page).open("password");
  const send = page.getByTestId("password-submit");
  await expect(send).toBeEnabled();
  for (const part of RULE) await expect(page.getByTestId("field-password")).toHaveAccessibleDescription(part);
  await page.getByTestId("field-repeat").fill("something");
  await send.click();
  expect(await wrong(page)).toEqual(["current", "password", "repeat", "code"]);
  await expect(page.getByTestId("field-current")).toBeFocused();
  await expect(page.getByTestId("code")).toHaveAccessibleDescription(/authenticator app/);
  await page.getByTestId("field-current").fill(userWithFactor.password);
  for (const field of ["field-password", "field-repeat"])
    await page.getByTestId(field).fill(`i am ${userWithFactor.username} again`);
  await send.click();
  expect(await wrong(page)).toEqual(["password", "code"]);
  for (const field of ["field-password", "field-repeat"])
    await page.getByTestId(field).fill("an entirely new sentence");
  await page.getByTestId("code").fill(await userWithFactor.nextCode());
  await send.click();
  await expect(page.getByTestId("toast")).toContainText("Password changed");
  userWithFactor.password = "an entirely new sentence";
  await userWithFactor.signIn();
});

test("a name that is too long is reported, not truncated", async ({ running, openPage }) => {
  const { user, id } = running;
  const long = "n".repeat(65);
  const page = await openPage(user);
  const dashboard = await new Dashboard(page).open();
  await dashboard.act(id, "rename");
  await page.getByTestId("rename-input").fill(long);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("toast")).toContainText("1 to 64 characters");
  await expect(page.getByTestId("rename-input"), "what was typed is kept").toHaveValue(long);
  await page.keyboard.press("Escape");
  await dashboard.openLaunchDialog();
  const name = dashboard.launchDialog.getByLabel(/^Name/);
  await name.fill(long);
  await dashboard.launchDialog.getByTestId("launch-submit").click();
  await expect(name).toHaveAccessibleDescription(/1 to 64 characters/);
  await expect(name).toHaveValue(long);
  expect(await user.terminals()).toHaveLength(1);
});

test("with forced colours, buttons, fields and the focus are visible", async ({ environment, user, openPage }) => {
  const [page, admin] = [await openPage(user), await openPage(environment.admin)];
  await page.goto("/account/password");
  await admin.goto("/admin/settings");
  for (const at of [page, admin]) await at.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  /** How an element differs from its background. */
  const looks = (at: Page, selector: string) =>
    at
      .locator(selector)
      .first()
      .evaluate((element) => {
        const style = getComputedStyle(element);
        const behind = getComputedStyle(document.body).backgroundColor;
        const line =
          style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) > 0 && style.borderTopColor !== behind;
        const ring =
          style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && style.outlineColor !== behind;
        return { line, ring, color: style.color, edge: `${style.borderTopStyle} ${style.borderTopColor}` };
      });
  // A button that waits for hydration is not focusable.
  await expect(page.getByTestId("password-submit")).toBeEnabled();
  await expect(admin.getByTestId("settings-submit")).toBeEnabled();
  for (const [at, selector] of [
    [page, "[data-testid=password-submit]"],
    [page, "[data-testid=field-current]"],
    [admin, "[data-testid=settings-submit]"],
    [admin, "[data-testid=field-terminals_max]"],
    [admin, "[data-testid=field-mfa_required]"],
  ] as const) {
    expect((await looks(at, selector)).line, `${selector} has an edge`).toBe(true);
    expect((await looks(at, selector)).ring, `${selector} has no ring yet`).toBe(false);
    await at.keyboard.press("Tab");
    await at.locator(selector).focus();
    expect((await looks(at, selector)).ring, `${selector} has the keyboard`).toBe(true);
    await at.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  }
  await page.getByTestId("field-current").evaluate((field) => field.setAttribute("aria-invalid", "true"));
  const [plain, refused] = [
    await looks(page, "[data-testid=field-repeat]"),
    await looks(page, "[data-testid=field-current]"),
  ];
  expect(refused.edge, "a refused field is another one").not.toBe(plain.edge);
  const live = await looks(page, "[data-testid=password-submit]");
  await page.getByTestId("password-submit").evaluate((button) => button.setAttribute("disabled", ""));
  expect((await looks(page, "[data-testid=password-submit]")).color, "what cannot be pressed is another one").not.toBe(
    live.color,
  );
});
