// Accessibility: every step by keyboard, and every page checked against WCAG 2.2 A and AA.
import type { Page } from "@playwright/test";
import axe from "axe-core";

import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";

/** Presses Tab until a matching element is focused. */
async function tabTo(page: Page, testid: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
    if (focused === testid) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`60 times Tab did not lead to ${testid}`);
}

/** Waits for the next frame and ends all transitions. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const moving = () => document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    do {
      for (const transition of moving()) transition.finish();
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    } while (moving().length > 0);
  });
}

/** All rules of WCAG 2.2 A and AA, or only colours, which differ between colour schemes. */
const RULES = {
  all: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
  colours: { type: "rule", values: ["color-contrast", "link-in-text-block"] },
} as const;

/** Serious faults of a page. */
async function accessible(page: Page, where: string, rules: keyof typeof RULES = "all"): Promise<void> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    // The emulator has its own mode for screen readers.
    (runOnly) => axe.run({ exclude: [".terminal-host"] }, { runOnly, resultTypes: ["violations"] }),
    RULES[rules] as unknown as axe.RunOnly,
  );
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = serious.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
  expect(told, where).toEqual([]);
}

test("from login to a prompt and out of the terminal by keyboard alone", async ({ user, openPage }) => {
  const page = await openPage(undefined);
  await page.goto("/login");
  await expect(page.getByTestId("login-submit")).toBeEnabled();
  await tabTo(page, "field-username");
  await page.keyboard.type(user.username);
  await tabTo(page, "field-password");
  await page.keyboard.type(user.password);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("dashboard-empty")).toBeVisible();
  await expect(page.getByTestId("new-terminal").first()).toBeEnabled();
  await tabTo(page, "new-terminal");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("launch-submit")).toBeEnabled();
  await tabTo(page, "field-name");
  await page.keyboard.type("by keyboard");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/terminals\/[0-9a-f-]{36}$/, { timeout: 60_000 });
  const terminal = new TerminalPage(page);
  await terminal.ready();
  await expect(page.getByTestId("terminal-name")).toHaveText("by keyboard");
  await expect
    .poll(() => terminal.host.evaluate((host) => host.contains(document.activeElement)), {
      message: "the keyboard is in the terminal",
    })
    .toBe(true);
  await page.keyboard.type("echo typed-$((3*3))");
  await page.keyboard.press("Enter");
  await terminal.sees(/^typed-9$/m);
  await page.keyboard.press("Tab");
  expect(
    await terminal.host.evaluate((host) => host.contains(document.activeElement)),
    "Tab belongs to the shell",
  ).toBe(true);
  await page.keyboard.press("Control+F6");
  expect(await page.evaluate(() => document.activeElement?.closest("[role=toolbar]")?.getAttribute("aria-label"))).toBe(
    "Terminal",
  );
});

test("the toolbar is one tab stop with arrow key navigation", async ({ running, openPage }) => {
  const page = await openPage(running.user);
  const terminal = await new TerminalPage(page).open(running.id);
  await terminal.ready();
  const [back, search, last] = [
    page.getByLabel("To the terminals", { exact: true }),
    page.getByTestId("tool-search"),
    page.getByTestId("card-menu"),
  ];
  await terminal.focus();
  await page.keyboard.press("Control+F6");
  await expect(search).toBeFocused();
  // Nothing is selected, so Copy is disabled and skipped.
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("tool-paste")).toBeFocused();
  await page.keyboard.press("Home");
  await expect(back).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(last, "from the first to the last").toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(back).toBeFocused();
  await page.keyboard.press("End");
  await expect(last).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByTestId("lock")).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByTestId("user-menu"), "one step leads out").toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByTestId("lock"), "and back to where one was").toBeFocused();
});

test("menus and dialogs open, move and close by keyboard, and no key is lost meanwhile", async ({
  running,
  openPage,
}) => {
  const page = await openPage(running.user);
  await page.goto("/");
  await expect(page.getByTestId("new-terminal")).toBeEnabled();
  await page.keyboard.press("?");
  await expect(page.getByTestId("shortcuts-sheet")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("shortcuts-sheet")).toBeHidden();
  await page.keyboard.press("n");
  await expect(page.getByTestId("launch-dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("launch-dialog")).toBeHidden();
  await tabTo(page, "card-menu");
  await page.keyboard.press("Enter");
  const item = page.getByRole("menuitem");
  await expect(item.first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(item.nth(1)).toBeFocused();
  await page.keyboard.press("Home");
  await expect(item.first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("menu")).toBeHidden();
  await page.keyboard.press("?");
  await expect(page.getByTestId("shortcuts-sheet")).toBeVisible();
  // Before the next frame the focus is still in the closed dialog.
  await page.evaluate(() => {
    document.querySelector<HTMLDialogElement>("[data-testid=shortcuts-sheet]")?.close();
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "n", bubbles: true }));
  });
  await expect(page.getByTestId("launch-dialog")).toBeVisible();
});

test("every page has a title, one heading, a main landmark, and no serious accessibility violation", async ({
  environment,
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  // Thirty pages, each checked rule by rule.
  test.slow();
  pageErrors.expectStatus(404, 423);
  const { id } = await userWithFactor.launch({ name: "shown" });
  const nobody = await openPage(undefined);
  const user = await openPage(userWithFactor);
  const admin = await openPage(environment.admin);
  const walk: [Page, string][] = [
    [nobody, "/login"],
    [nobody, "/setup"],
    [user, "/"],
    [user, `/terminals/${id}`],
    [user, "/account/security"],
    [user, "/account/sessions"],
    [user, "/account/audit"],
    [user, "/nowhere"],
    [admin, "/admin/users"],
    [admin, "/admin/terminals"],
    [admin, "/admin/images"],
    [admin, "/admin/settings"],
    [admin, "/admin/audit"],
    [admin, "/admin/system"],
  ];
  for (const [page, path] of walk) {
    await page.goto(path);
    await expect(page.locator("main").first(), path).toBeVisible();
    await expect(page.locator("h1"), path).toHaveCount(1);
    expect(await page.title(), path).toMatch(/\S/);
    // Without motion: colours in transition fail contrast rules.
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await settled(page);
    await accessible(page, `${path}, dark`);
    await page.emulateMedia({ colorScheme: "light" });
    await settled(page);
    await accessible(page, `${path}, light`, "colours");
  }
  await userWithFactor.lock(id);
  await user.goto(`/terminals/${id}`);
  await expect(user.getByTestId("lock-prompt")).toBeVisible();
  await accessible(user, "the prompt of a locked terminal");
});
