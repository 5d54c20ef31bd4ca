// The dashboard: cards, their menus, the dialog for a new terminal.
import { expect, type Locator, type Page } from "@playwright/test";

export class Dashboard {
  readonly root: Locator;
  readonly cards: Locator;
  readonly empty: Locator;
  readonly launchDialog: Locator;

  constructor(readonly page: Page) {
    this.root = page.getByTestId("dashboard");
    this.cards = page.getByTestId("card");
    this.empty = page.getByTestId("dashboard-empty");
    this.launchDialog = page.getByTestId("launch-dialog");
  }

  async open(): Promise<this> {
    await this.page.goto("/");
    await expect(this.root).toBeVisible();
    return this;
  }

  card(id: string): Locator {
    return this.page.locator(`[data-testid=card][data-id="${id}"]`);
  }

  async openLaunchDialog(): Promise<void> {
    const button = this.page.getByTestId("new-terminal").first();
    await expect(button).toBeEnabled();
    await button.click();
    await expect(this.launchDialog.getByTestId("launch-submit")).toBeEnabled();
  }

  /** From the button to the terminal page; returns the terminal's id. */
  async launch(name: string, image = "debian"): Promise<string> {
    await this.openLaunchDialog();
    await this.launchDialog.getByLabel(/^Name/).fill(name);
    await this.launchDialog.getByTestId(`image-${image}`).click();
    await this.launchDialog.getByTestId("launch-submit").click();
    await this.page.waitForURL(/\/terminals\/[0-9a-f-]{36}$/, { timeout: 60_000 });
    return this.page.url().split("/").at(-1) ?? "";
  }

  /** Opens a card's menu and presses one of its items. */
  async act(id: string, item: "start" | "stop" | "restart" | "rename" | "delete"): Promise<void> {
    await this.card(id).getByTestId("card-menu").click();
    await this.card(id).getByTestId(item).click();
  }
}
