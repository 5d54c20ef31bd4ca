// From the printed set-up link to a locked and unlocked terminal.
import type { BrowserContext, Locator } from "@playwright/test";
import jsqr from "jsqr";

import { AccountPage } from "../pages/account";
import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { shoot } from "../pages/layout";
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";
import { Server } from "../fixtures/server";

/** Decodes the QR code shown in the page. */
async function scanned(context: BrowserContext, picture: Locator): Promise<string> {
  // Enlarged: at its own size a module is three pixels, and where they lie between pixels decides.
  const zoom = (factor: string) => picture.evaluate((shown, factor) => shown.style.setProperty("zoom", factor), factor);
  await zoom("3");
  const shot = (await picture.screenshot()).toString("base64");
  await zoom("1");
  // In a separate empty page: our content security policy forbids reading pixels.
  const desk = await context.newPage();
  const { width, pixels } = await desk.evaluate(async (shot) => {
    const image = new Image();
    image.src = `data:image/png;base64,${shot}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext("2d");
    pen?.drawImage(image, 0, 0);
    // As text: an array is transferred number by number, which takes half a minute.
    let bytes = "";
    const drawn = pen?.getImageData(0, 0, image.width, image.height).data;
    for (const byte of drawn ?? []) bytes += String.fromCharCode(byte);
    return { width: image.width, pixels: btoa(bytes) };
  }, shot);
  await desk.close();
  const read = Uint8ClampedArray.from(Buffer.from(pixels, "base64"));
  return jsqr(read, width, read.length / width / 4)?.data ?? "";
}

test("from the printed set-up link to a factor, a terminal, its lock and a code that opens it", async ({
  browser,
  pageErrors,
}) => {
  // After deleting, the page requests the deleted terminal once more.
  pageErrors.expectStatus(401, 404, 423);
  const server = await Server.fresh();
  const first = server.setupLink ?? "";
  expect(first).toMatch(/\/setup#token=[\w-]{22,}$/);
  await server.stop();
  await server.restart();
  const link = server.setupLink ?? "";
  expect(link, "a restart prints another one").not.toBe(first);
  const context = await browser.newContext({ baseURL: server.origin });
  await pageErrors.follow(context);
  const page = await context.newPage();
  const password = "a sentence nobody guesses";

  await page.goto("/");
  await expect(page, "nobody is signed in").toHaveURL(/\/login/);
  await expect(page.getByTestId("setup-needed")).toBeVisible();
  await shoot(page, "login-before-setup");
  await page.goto(link);
  const setup = new EntryPage(page);
  await expect(page, "the token leaves the address bar").toHaveURL(`${server.origin}/setup`);
  await expect(page.getByTestId("setup-submit")).toBeEnabled();
  await shoot(page, "setup");
  await setup.choose("ada", "short", "setup-submit");
  await expect(page.getByText(/at least 8 characters/)).toBeVisible();
  await setup.password.fill(password);
  await setup.repeat.fill("another sentence");
  await page.getByTestId("setup-submit").click();
  await expect(page.getByText(/not the same/)).toBeVisible();
  await setup.choose("ada", password, "setup-submit");
  const dashboard = new Dashboard(page);
  await expect(dashboard.empty).toBeVisible();
  await expect(page.getByTestId("username")).toHaveText("ada");

  await page.getByTestId("user-menu").click();
  await page.getByTestId("nav-account").click();
  const account = new AccountPage(page);
  await expect(account.off).toBeVisible();
  await account.beginEnrolment(password);
  const authenticator = await account.scan();
  const secret = (await account.secret.innerText()).replace(/\s/g, "");
  const address = new URL(await scanned(context, account.wizard.getByTestId("qr")));
  expect(`${address.protocol}//${address.host}${address.pathname}`).toBe("otpauth://totp/Rexec:ada");
  expect(Object.fromEntries(address.searchParams)).toEqual({
    secret,
    issuer: "Rexec",
    algorithm: "SHA1",
    digits: "6",
    period: "30",
  });
  // Typed at once, which leaves the next code to the lock.
  await account.confirm(await authenticator.nextCode(5_000));
  const recovery = await account.keepCodes();

  await dashboard.open();
  const id = await dashboard.launch("work");
  const here = new TerminalPage(page);
  await here.ready();
  await expect(page.getByTestId("terminal-name")).toHaveText("work");
  await here.showsLock("open");
  await here.enter("exit 3");
  await expect(here.exitBanner).toHaveAttribute("data-status", "3");
  await expect(here.exitBanner).toContainText("status 3");
  await page.getByTestId("new-shell").click();
  await expect(here.exitBanner).toBeHidden();
  await here.ready();
  expect(await here.run("kept=$((6*7)); echo value-$kept")).toBe("value-42");
  await here.lockFromToolbar();
  await here.asksForCode();
  await page.close();

  // Another browser: password, code, and then the terminal asks for a code.
  const later = await browser.newContext({ baseURL: server.origin });
  await pageErrors.follow(later);
  const tab = await later.newPage();
  await tab.goto(`/terminals/${id}`);
  const login = new EntryPage(tab);
  await login.signIn("ada", password);
  await login.useRecoveryCode(recovery[0] ?? "");
  const there = new TerminalPage(tab);
  await there.asksForCode();
  await expect(there.code).toHaveAttribute("autocomplete", "one-time-code");
  await expect(there.code).toHaveAttribute("inputmode", "numeric");
  await there.answer("verify", await authenticator.nextCode());
  await there.ready();
  await there.showsLock("granted");
  expect(await there.run("echo value-$kept")).toBe("value-42");

  const toolbar = tab.getByRole("toolbar", { name: "Terminal" });
  await toolbar.getByTestId("lock-menu").click();
  await tab.getByTestId("unlock-open").click();
  const dialog = tab.getByTestId("lock-dialog").filter({ visible: true });
  await dialog.getByTestId("code-swap").click();
  await dialog.getByTestId("code").fill(recovery[1] ?? "");
  await dialog.getByTestId("lock-submit").click();
  await there.showsLock("open");
  expect(await there.run("echo still-$kept"), "the shell went on").toBe("still-42");

  const cards = await new Dashboard(tab).open();
  await expect(cards.card(id)).toHaveAttribute("data-state", "running");
  await cards.act(id, "delete");
  await tab.getByTestId("delete-confirm").click();
  await expect(cards.card(id)).toHaveCount(0);
  await expect(cards.empty).toBeVisible();
  await tab.goto(link);
  await expect(tab.getByTestId("setup-done"), "the link works once").toBeVisible();
  await context.close();
  await later.close();
  await server.stop();
  await server.restart();
  expect(server.setupLink, "no link once there is an administrator").toBeUndefined();
  expect(await server.dispose()).toEqual({ containers: [], volumes: [] });
});
