// Races: responses that arrive late, input before hydration, hidden
// pages.
import type { Response } from "@playwright/test";

import { Dashboard } from "../pages/dashboard";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";
import { deferred, recordTexts } from "../fixtures/observation";

/** The request for the list of terminals. */
const LIST = /\/api\/terminals(\?|$)/;

test("a late response does not revert a renamed terminal", async ({ running, openPage }) => {
  const { user, id } = running;
  const page = await openPage(user);
  // The page requests the list when its event stream opens. That response is delayed.
  const [answered, list] = [deferred(), deferred()];
  await page.route(LIST, async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    const response = await route.fetch();
    answered.release();
    await list.promise;
    await route.fulfill({ response });
  });
  const dashboard = await new Dashboard(page).open();
  await answered.promise;
  await dashboard.act(id, "rename");
  await page.getByTestId("rename-input").fill("after");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("card-open")).toHaveText("after");
  await expect.poll(async () => (await user.terminal(id)).name).toBe("after");
  const texts = await recordTexts(page, "card-open");
  const arrives = page.waitForEvent(
    "requestfinished",
    (request) => request.method() === "GET" && LIST.test(request.url()),
  );
  list.release();
  await arrives;
  // A later change is visible: the list has been read.
  await user.api.ask("PATCH", `/api/terminals/${id}`, { name: "third" });
  await expect(page.getByTestId("card-open")).toHaveText("third");
  expect(await texts()).toEqual(["after", "third"]);
});

test("a code typed before hydration stays in its field", async ({ userWithFactor, openPage, pageErrors }) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch();
  await userWithFactor.lock(id);
  const page = await openPage(userWithFactor);
  const program = deferred();
  await page.route("**/pkg/rexec.wasm", async (route) => {
    await program.promise;
    await route.continue();
  });
  const terminal = new TerminalPage(page);
  await page.goto(`/terminals/${id}`, { waitUntil: "commit" });
  await terminal.code.click();
  // Valid until hydration.
  const code = await userWithFactor.nextCode(25_000);
  await page.keyboard.type(code.slice(0, 3));
  await expect(page.getByTestId("lock-submit")).toBeDisabled();
  // The page opens the event stream when it is hydrated.
  const runs = page.waitForRequest("**/api/events");
  program.release();
  await runs;
  await expect(terminal.code).toHaveValue(code.slice(0, 3));
  await page.keyboard.type(code.slice(3));
  await terminal.ready();
});

test("a hidden page attaches after a grant only when it becomes visible", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch();
  await userWithFactor.lock(id);
  const page = await openPage(userWithFactor);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.asksForCode();
  const other = await page.context().newPage();
  await other.addInitScript(() => {
    Object.assign(window, { sight: "visible" });
    Object.defineProperty(Document.prototype, "visibilityState", {
      get: () => (window as unknown as { sight: string }).sight,
    });
  });
  const sight = (sight: string) =>
    other.evaluate((sight) => {
      Object.assign(window, { sight });
      document.dispatchEvent(new Event("visibilitychange"));
    }, sight);
  // Not the request made when its event stream opens.
  const listed = other.waitForResponse(LIST);
  const hidden = await new TerminalPage(other).open(id);
  await hidden.asksForCode();
  await listed;
  await expect(hidden.code).toBeFocused();
  let sockets = 0;
  other.on("websocket", () => sockets++);
  const asked: Response[] = [];
  other.on("response", (response) => asked.push(response));
  await sight("hidden");
  await terminal.answer("verify", await userWithFactor.nextCode());
  await terminal.ready();
  await terminal.run("echo seen");
  await expect(hidden.prompt).toBeVisible();
  expect(sockets, "opened while hidden").toBe(0);
  expect(
    asked.map((response) => response.url()),
    "asked while hidden",
  ).toEqual([]);
  await sight("visible");
  await hidden.sees(/seen/);
});

test("output that arrives together with the lock is not drawn or announced", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch();
  const page = await openPage(userWithFactor);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await terminal.enter("yes coming");
  await terminal.sees(/coming/);
  // Blocks the page until the terminal is locked, so that output and close frame are handled after that.
  const status = await page.evaluate((id) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/security/terminal/${id}/mfa-lock`, false);
    request.send();
    return request.status;
  }, id);
  expect(status).toBe(200);
  await terminal.asksForCode();
  await expect(terminal.code).toBeFocused();
});

test("a terminal locked and unlocked before its emulator loaded is drawn once", async ({
  userWithFactor,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(423);
  const { id } = await userWithFactor.launch();
  const page = await openPage(userWithFactor);
  const emulator = deferred();
  await page.route("**/pkg/terminal.js", async (route) => {
    await emulator.promise;
    await route.continue();
  });
  const asked = page.waitForRequest("**/pkg/terminal.js");
  const terminal = await new TerminalPage(page).open(id);
  await asked;
  await terminal.lockFromToolbar();
  await expect(terminal.prompt).toBeVisible();
  await terminal.answer("verify", await userWithFactor.nextCode());
  await expect(terminal.prompt).toBeHidden();
  emulator.release();
  await terminal.ready();
  expect(await terminal.run("echo drawn-$((1+1))")).toBe("drawn-2");
  await expect(page.locator(".xterm")).toHaveCount(1);
});

test("what is typed while a terminal is opened reaches the shell in order (U1)", async ({ running, openPage }) => {
  const { user, id } = running;
  const page = await openPage(user);
  const [emulator, connection] = [deferred(), deferred()];
  await page.route("**/pkg/terminal.js", async (route) => {
    await emulator.promise;
    await route.continue();
  });
  await page.routeWebSocket(/\/attach\?/, async (socket) => {
    await connection.promise;
    socket.connectToServer();
  });
  const terminal = new TerminalPage(page);
  const loading = page.waitForRequest("**/pkg/terminal.js");
  await terminal.open(id);
  await loading;
  await page.keyboard.type(" export X=keepme");
  emulator.release();
  const focused = () => terminal.host.evaluate((host) => host.contains(document.activeElement));
  await expect.poll(focused, { message: "the emulator has the focus from the start" }).toBe(true);
  await expect(page.getByTestId("connecting")).toBeVisible();
  await page.keyboard.type("; cd /tmp");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("connecting")).toBeVisible();
  connection.release();
  await terminal.sees(/keepme; cd \/tmp/);
  expect(await terminal.run('echo "$X in $PWD"')).toBe("keepme in /tmp");
});
