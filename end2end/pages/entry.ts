// Set-up, login and one-time links.
import { expect, type Locator, type Page } from "@playwright/test";

export class EntryPage {
  readonly username: Locator;
  readonly password: Locator;
  readonly repeat: Locator;
  readonly code: Locator;
  readonly problem: Locator;

  constructor(readonly page: Page) {
    this.username = page.getByLabel("Username", { exact: true });
    this.password = page.getByLabel("Password", { exact: true });
    this.repeat = page.getByLabel("Password, again");
    this.code = page.getByTestId("code");
    this.problem = page.getByTestId("problem");
  }

  /** The form of a set-up or one-time link. */
  async choose(
    username: string | undefined,
    password: string,
    submit: "setup-submit" | "invite-submit",
  ): Promise<void> {
    await expect(this.page.getByTestId(submit)).toBeEnabled();
    if (username !== undefined) await this.username.fill(username);
    await this.password.fill(password);
    await this.repeat.fill(password);
    await this.page.getByTestId(submit).click();
  }

  /** The first step of signing in. */
  async signIn(username: string, password: string): Promise<void> {
    await expect(this.page.getByTestId("login-submit")).toBeEnabled();
    await this.username.fill(username);
    await this.password.fill(password);
    await this.page.getByTestId("login-submit").click();
  }

  /** The second step: the sixth digit sends it. */
  async typeCode(code: string): Promise<void> {
    await this.code.pressSequentially(code);
  }

  async useRecoveryCode(code: string): Promise<void> {
    await this.page.getByTestId("code-swap").click();
    await this.code.fill(code);
    await this.page.getByTestId("login-code-submit").click();
  }
}
