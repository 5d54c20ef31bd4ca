// Account settings: the factor, recovery codes, the password, login sessions.
import { expect, type Locator, type Page } from "@playwright/test";

import { Authenticator } from "../fixtures/totp";

export class AccountPage {
  readonly off: Locator;
  readonly on: Locator;
  readonly wizard: Locator;
  readonly secret: Locator;
  readonly codes: Locator;
  readonly sessions: Locator;

  constructor(readonly page: Page) {
    this.off = page.getByTestId("mfa-off");
    this.on = page.getByTestId("mfa-on");
    this.wizard = page.getByTestId("enrol-dialog");
    this.secret = this.wizard.getByTestId("secret");
    this.codes = page.getByTestId("recovery-code");
    this.sessions = page.getByTestId("session");
  }

  async open(section: "security" | "password" | "sessions" | "audit"): Promise<this> {
    await this.page.goto(`/account/${section}`);
    await expect(this.page.getByTestId(`account-${section}`)).toBeVisible();
    return this;
  }

  /** The wizard up to the QR code. */
  async beginEnrolment(password: string): Promise<void> {
    await this.page.getByTestId("enable-mfa").click();
    await this.wizard.getByLabel("Your password").fill(password);
    await this.wizard.getByTestId("enrol-continue").click();
    await expect(this.wizard.getByTestId("qr").locator("svg")).toBeVisible();
  }

  /** An authenticator set up from the secret that is shown as text. */
  async scan(): Promise<Authenticator> {
    return new Authenticator(await this.secret.innerText());
  }

  async confirm(code: string): Promise<void> {
    await this.wizard.getByTestId("code").pressSequentially(code);
  }

  /** The recovery codes, read from the page, and the wizard closed. */
  async keepCodes(): Promise<string[]> {
    await expect(this.codes).toHaveCount(10);
    const codes = await this.codes.allInnerTexts();
    await expect(this.page.getByTestId("codes-done")).toBeDisabled();
    await this.page.getByTestId("codes-kept").check();
    await this.page.getByTestId("codes-done").click();
    await expect(this.codes).toHaveCount(0);
    return codes.map((code) => code.trim());
  }
}
