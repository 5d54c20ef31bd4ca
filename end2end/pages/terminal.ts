// The terminal page. The text is read from the emulator's buffer, because it is drawn on a canvas.
import { expect, type Locator, type Page } from "@playwright/test";

/** The page's own read access to the emulator. */
interface Reader {
  text(): string;
  size(): { cols: number; rows: number };
  renderer(): string;
}

let marks = 0;

export class TerminalPage {
  readonly host: Locator;
  readonly prompt: Locator;
  readonly code: Locator;
  readonly badge: Locator;
  readonly problem: Locator;
  readonly exitBanner: Locator;
  readonly reconnecting: Locator;

  constructor(readonly page: Page) {
    this.host = page.getByTestId("terminal");
    this.prompt = page.getByTestId("lock-prompt");
    this.code = this.prompt.getByTestId("code");
    this.badge = page.getByRole("toolbar", { name: "Terminal" }).getByTestId("lock-badge");
    this.problem = this.prompt.getByTestId("problem");
    this.exitBanner = page.getByTestId("exit-banner");
    this.reconnecting = page.getByTestId("reconnecting");
  }

  async open(id: string): Promise<this> {
    await this.page.goto(`/terminals/${id}`);
    return this;
  }

  /** Everything in the buffer, scrollback first; empty when no emulator is there. */
  text(): Promise<string> {
    return this.host.evaluate((host) => (host as unknown as { rexecTerminal?: Reader }).rexecTerminal?.text() ?? "");
  }

  /** Columns and rows of the emulator. */
  size(): Promise<{ cols: number; rows: number }> {
    return this.host.evaluate(
      (host) => (host as unknown as { rexecTerminal?: Reader }).rexecTerminal?.size() ?? { cols: 0, rows: 0 },
    );
  }

  async sees(pattern: RegExp, timeout = 45_000): Promise<void> {
    await expect.poll(() => this.text(), { timeout, intervals: [50, 100, 200] }).toMatch(pattern);
  }

  /** The shell waits for a command. */
  async ready(): Promise<void> {
    await this.sees(/[$#] ?$/);
  }

  async focus(): Promise<void> {
    await this.host.click();
    await expect.poll(() => this.host.evaluate((host) => host.contains(document.activeElement))).toBe(true);
  }

  /** A command and Enter. The text is inserted in one event, as by an input method. */
  async enter(command: string): Promise<void> {
    await this.focus();
    await this.page.keyboard.insertText(command);
    await this.page.keyboard.press("Enter");
  }

  /** Runs a command at the prompt and returns its output, without the echo of the command. */
  async run(command: string, timeout = 45_000): Promise<string> {
    const mark = ++marks;
    await this.enter(` printf '@%s@\\n' b${mark}; ${command}; printf '\\n@%s@%s@\\n' e${mark} $?`);
    const pattern = new RegExp(`@b${mark}@\\n([\\s\\S]*?)\\n@e${mark}@(\\d+)@`);
    await this.sees(pattern, timeout);
    return (pattern.exec(await this.text())?.[1] ?? "").trimEnd();
  }

  /** The state of the lock as the toolbar shows it. */
  async showsLock(state: "open" | "locked" | "granted"): Promise<void> {
    await expect(this.badge).toHaveAttribute("data-state", state);
  }

  /** The lock prompt replaces the terminal, and no terminal text is left in the page. */
  async asksForCode(): Promise<void> {
    await expect(this.prompt).toBeVisible();
    await expect.poll(() => this.text()).toBe("");
    await expect(this.host).toBeEmpty();
  }

  async answer(purpose: "verify" | "unlock", code: string): Promise<void> {
    await this.prompt.getByTestId(`choose-${purpose}`).click();
    await this.code.pressSequentially(code);
  }

  async answerWithRecoveryCode(purpose: "verify" | "unlock", code: string): Promise<void> {
    await this.prompt.getByTestId(`choose-${purpose}`).click();
    await this.prompt.getByTestId("code-swap").click();
    await this.code.fill(code);
    await this.prompt.getByTestId("lock-submit").click();
  }

  async lockFromToolbar(): Promise<void> {
    await this.page.getByRole("toolbar", { name: "Terminal" }).getByTestId("lock").click();
  }
}
