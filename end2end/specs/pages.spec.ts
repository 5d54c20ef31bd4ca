// Behaviour of the pages: unsaved names, confirmations, phones, navigation.
import { Dashboard } from "../pages/dashboard";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";
import { deferred } from "../fixtures/observation";

const PHONE = { width: 390, height: 844 };

test("a new name is saved when the page is left immediately, and a refused one is reverted with its reason", async ({
  environment,
  running,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(503);
  const { user, id } = running;
  await user.api.ask("PATCH", `/api/terminals/${id}`, { name: "before" });
  const page = await openPage(user);
  const dashboard = await new Dashboard(page).open();
  /** Renames the card up to Enter. */
  const beginRename = async (name: string) => {
    await dashboard.act(id, "rename");
    await page.getByTestId("rename-input").fill(name);
  };
  const path = `**/api/terminals/${id}`;
  await page.route(path, async (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    const problem = { type: "unavailable", title: "Not now", status: 503, detail: "The disk is full." };
    await route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) });
  });
  await beginRename("refused");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("toast")).toContainText("The disk is full.");
  await expect(page.getByTestId("card-open")).toHaveText("before");
  await page.unroute(path);
  await beginRename("after");
  // The server answers no request until the page is closed.
  const release = environment.server.hold();
  try {
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("card-open")).toHaveText("after");
    await page.goto("about:blank");
  } finally {
    release();
  }
  await expect.poll(async () => (await user.terminal(id)).name).toBe("after");
});

test("on a phone table rows are stacked with labels, and menus are fully visible", async ({
  environment,
  userWithFactor,
  openPage,
}) => {
  await userWithFactor.launch({ name: "a-terminal-with-a-rather-long-name-of-its-own" });
  const page = await openPage(environment.admin, { viewport: PHONE });
  for (const [section, menu] of [
    ["users", "user-actions"],
    ["terminals", "admin-terminal-actions"],
    ["audit", undefined],
  ] as const) {
    await page.goto(`/admin/${section}`);
    const table = page.locator(".table");
    await expect(table.locator("tbody tr").first()).toBeVisible();
    const seen = await table.evaluate((table) => {
      const box = table.closest(".table-wrap") ?? table;
      const rows = [...table.querySelectorAll("tbody tr")];
      const facts = [...table.querySelectorAll("tbody td:not(.lead):not(.end)")].filter(
        (cell) => cell.textContent !== "",
      );
      const label = (cell: Element) => getComputedStyle(cell, "::before");
      return {
        sideways: Math.max(box.scrollWidth - box.clientWidth, document.documentElement.scrollWidth - innerWidth),
        below: box.getBoundingClientRect().bottom - (rows.at(-1)?.getBoundingClientRect().bottom ?? 0),
        facts: facts.length,
        nameless: facts.filter((cell) => label(cell).display === "none" || label(cell).content.length < 4).length,
        cut: facts.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent),
      };
    });
    expect(seen.facts, section).toBeGreaterThan(0);
    expect({ ...seen, facts: 0, below: seen.below > 2 }, section).toEqual({
      sideways: 0,
      below: false,
      facts: 0,
      nameless: 0,
      cut: [],
    });
    if (menu === undefined) continue;
    await page.getByTestId(menu).last().click();
    const list = await page.getByRole("menu").boundingBox();
    expect(list?.x, section).toBeGreaterThanOrEqual(0);
    expect((list?.x ?? 0) + (list?.width ?? 0), section).toBeLessThanOrEqual(PHONE.width);
    await page.getByRole("menuitem").last().scrollIntoViewIfNeeded();
    await expect(page.getByRole("menuitem").last()).toBeInViewport({ ratio: 1 });
  }
});

test("a refusal focuses its field", async ({ environment, openPage }) => {
  const page = await openPage(environment.admin, { viewport: PHONE });
  await page.goto("/admin/settings");
  const first = page.getByTestId("field-session_idle_secs");
  await first.fill("1");
  const save = page.getByTestId("settings-submit");
  await save.scrollIntoViewIfNeeded();
  await save.click();
  await expect(first).toBeFocused();
  await expect(first).toBeInViewport();
});

test("stopping asks for confirmation only when a program runs", async ({ user, openPage }) => {
  const [busy, idle] = [await user.launch({ name: "busy" }), await user.launch({ name: "idle" })];
  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(busy.id);
  await terminal.ready();
  await terminal.enter("sleep 1000 &");
  await terminal.sees(/\[1\] \d+/);
  const dashboard = await new Dashboard(page).open();
  // The engine delays its answer.
  const figures = deferred();
  await page.route("**/stats", async (route) => {
    await figures.promise;
    await route.continue();
  });
  await dashboard.act(busy.id, "stop");
  const card = dashboard.card(busy.id);
  await expect(card.getByTestId("looking")).toBeVisible();
  figures.release();
  const question = card.getByTestId("stop-dialog");
  await expect(question).toContainText("Stop busy?");
  await expect(question.getByRole("button", { name: "Keep it running" })).toBeFocused();
  await expect(card.getByTestId("looking")).toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(question).toBeHidden();
  expect((await user.terminal(busy.id)).state).toBe("running");
  await dashboard.act(idle.id, "stop");
  await user.until(idle.id, "stopped");
  await dashboard.act(busy.id, "stop");
  await question.getByTestId("question-yes").click();
  await user.until(busy.id, "stopped");
});

test("on a phone the terminal toolbar is one row, with the rest in its menu", async ({ userWithFactor, openPage }) => {
  const { id } = await userWithFactor.launch({ name: "prod-database" });
  const page = await openPage(userWithFactor, { viewport: PHONE });
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  const bar = page.getByRole("toolbar", { name: "Terminal" });
  expect((await bar.boundingBox())?.height).toBeLessThan(60);
  expect(
    await page.getByTestId("terminal-name").evaluate((name) => name.scrollWidth <= name.clientWidth),
    "the name is whole",
  ).toBe(true);
  await bar.getByTestId("card-menu").click();
  await page.getByTestId("menu-search").click();
  await expect(page.getByTestId("terminal-search-input")).toBeFocused();
  await bar.getByTestId("card-menu").click();
  await page.getByTestId("menu-security").click();
  await expect(page.getByTestId("security-row").first()).toBeVisible();
});

test("unknown addresses show the same page to everyone, with the user's navigation", async ({
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(404);
  const nothing = "There is nothing here";
  for (const [page, bars] of [
    [await openPage(user), 1],
    [await openPage(undefined), 0],
  ] as const) {
    expect((await page.goto("/nowhere"))?.status()).toBe(404);
    await expect(page.getByTestId("not-found").getByRole("heading", { level: 1 })).toHaveText(nothing);
    await expect(page.getByRole("banner")).toHaveCount(bars);
  }
  const page = await openPage(user);
  await page.goto("/terminals/none");
  await expect(page.getByTestId("problem-page").getByRole("heading", { level: 1 })).toHaveText(nothing);
  // The navigation works.
  await page.goto("/nowhere");
  await page.getByTestId("nav-terminals").click();
  await expect(page.getByTestId("dashboard-empty")).toBeVisible();
});

test("the current section is scrolled into view and menus stay in the window, also at 320 pixels", async ({
  environment,
  openPage,
}) => {
  const page = await openPage(environment.admin, { viewport: { width: 320, height: 568 } });
  for (const section of ["users", "settings", "system"]) {
    await page.goto(`/admin/${section}`);
    await expect(page.locator(".sidenav [aria-current]")).toBeInViewport({ ratio: 1 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth), "nothing is wider than the window").toBe(
      320,
    );
  }
  for (const menu of ["theme-menu", "user-menu"]) {
    await page.getByTestId(menu).click();
    await expect(page.getByRole("menu")).toBeInViewport({ ratio: 1 });
    await page.keyboard.press("Escape");
  }
  await page.emulateMedia({ forcedColors: "active" });
  const ground = (which: string) =>
    page
      .locator(`.sidenav ${which}`)
      .first()
      .evaluate((link) => getComputedStyle(link).backgroundColor);
  expect(await ground("[aria-current]"), "seen also where the system sets the colours").not.toBe(
    await ground("a:not([aria-current])"),
  );
});
