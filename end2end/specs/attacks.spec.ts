// Attacks on the page: hostile names and titles, redirects.
import type { Page } from "@playwright/test";

import { Dashboard } from "../pages/dashboard";
import { EntryPage } from "../pages/entry";
import { TerminalPage } from "../pages/terminal";
import type { AdminImage, Page as List, Tier } from "../fixtures/contract";
import { expect, signInPage, test } from "../fixtures/test";

/** Each would be noticed in the page if it were not rendered as text. */
const HOSTILE = [
  `<img src=x onerror="document.body.dataset.pwned=1">`,
  `"><script>document.body.dataset.pwned=1</script>`,
  `'"--><svg onload=document.body.dataset.pwned=1>`,
  `{{constructor.constructor('x')()}}\${7*7}`,
  `<a href="javascript:document.body.dataset.pwned=1">x</a>`,
];

/** Nothing of a hostile text became an element, and no script of it ran. */
async function harmless(page: Page): Promise<void> {
  await expect(page.locator("main").first()).toBeVisible();
  await expect(page.locator("body")).not.toHaveAttribute("data-pwned", /.*/);
  expect(await page.locator("img[src=x], main script, svg[onload]").count()).toBe(0);
}

test("hostile names are rendered as text everywhere", async ({ environment, running, openPage }) => {
  const { user, id } = running;
  const rename = (name: string) => user.api.ask("PATCH", `/api/terminals/${id}`, { name });
  const page = await openPage(user);
  const dashboard = await new Dashboard(page).open();
  const name = dashboard.card(id).getByTestId("card-open");
  // Rendered by the program in the page.
  for (const hostile of HOSTILE) {
    await rename(hostile);
    await expect(name).toHaveText(hostile);
    await harmless(page);
  }
  await dashboard.act(id, "rename");
  await page.getByTestId("rename-input").fill(HOSTILE[1] ?? "");
  // The card shows the new name before the server stored it; leaving the page would abort the request.
  const kept = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.keyboard.press("Enter");
  await kept;
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await expect(page.getByTestId("terminal-name")).toHaveText(HOSTILE[1] ?? "");
  expect(await page.title()).toContain(HOSTILE[1] ?? "");
  // Rendered by the server.
  for (const hostile of HOSTILE) {
    await rename(hostile);
    await page.goto("/");
    await expect(name).toHaveText(hostile);
    await harmless(page);
  }
  await page.goto("/account/audit");
  await harmless(page);
  const admin = await openPage(environment.admin);
  for (const path of ["/admin/terminals", "/admin/audit", "/admin/users"]) {
    await admin.goto(path);
    await harmless(admin);
  }
  await rename("a usual name");
});

test("hostile titles of images and tiers are rendered as text", async ({ environment, user, openPage }) => {
  const admin = environment.admin.api;
  const { items: images } = await admin.get<List<AdminImage>>("/api/admin/images");
  const offered = images.find(({ name }) => name === "debian");
  const { items: tiers } = await admin.get<List<Tier>>("/api/admin/tiers");
  const [tier] = tiers;
  if (!offered || !tier) throw new Error("nothing is offered");
  const { name: imageName, title, description, reference, enabled } = offered;
  const image = { title, description, reference, enabled, default: offered.default };
  const { name: tierName, title: tierTitle, memory_bytes, cpu_millis, default: first } = tier;
  const hostile = HOSTILE[0] ?? "";
  await admin.ask("PUT", `/api/admin/images/${imageName}`, {
    ...image,
    title: hostile.slice(0, 64),
    description: HOSTILE[1],
  });
  await admin.ask("PUT", `/api/admin/tiers/${tierName}`, {
    title: HOSTILE[2],
    memory_bytes,
    cpu_millis,
    default: first,
  });
  try {
    const dashboard = await new Dashboard(await openPage(user)).open();
    await dashboard.openLaunchDialog();
    await expect(dashboard.launchDialog.getByTestId(`image-${imageName}`)).toContainText(hostile.slice(0, 64));
    await expect(dashboard.launchDialog.getByTestId(`tier-${tierName}`)).toContainText(HOSTILE[2] ?? "");
    await harmless(dashboard.page);
  } finally {
    await admin.ask("PUT", `/api/admin/images/${imageName}`, image);
    await admin.ask("PUT", `/api/admin/tiers/${tierName}`, {
      title: tierTitle,
      memory_bytes,
      cpu_millis,
      default: first,
    });
  }
});

test("login redirects only to paths of this site, before and after the login", async ({ user, openPage }) => {
  const page = await openPage(undefined);
  const hostile = ["//attacker.example/", "https://attacker.example/", "/\\attacker.example", "/\t/attacker.example"];
  for (const next of [...hostile, "/\r\n/attacker.example", "javascript:alert(1)"]) {
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    await new EntryPage(page).signIn(user.username, user.password);
    await expect(page.getByTestId("dashboard")).toBeVisible();
    expect(new URL(page.url()).origin).toBe(user.origin);
    // An open page would notice that its login is gone, and navigate.
    await page.goto("about:blank");
    await page.context().clearCookies();
  }
  await signInPage(page, user);
  const ways = [
    ["/account/sessions", "/account/sessions"],
    ["//attacker.example/", "/"],
    ["/\t/attacker.example/", "/"],
    ["/\n/attacker.example/", "/"],
    ["/\u00e9", "/"],
    ["", "/"],
  ] as const;
  for (const [next, path] of ways) {
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    await expect.poll(() => page.url()).toBe(`${user.origin}${path}`);
  }
});
