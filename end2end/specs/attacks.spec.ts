// Attacks on the page: hostile names and titles, redirects, load.
import { Dashboard } from "../pages/dashboard";
import { TerminalPage } from "../pages/terminal";
import { Api } from "../fixtures/api";
import type { AdminImage, Page, Tier } from "../fixtures/contract";
import { expect, test } from "../fixtures/test";

/** Each would be noticed in the page if it were not rendered as text. */
const HOSTILE = [
  `<img src=x onerror="document.body.dataset.pwned=1">`,
  `"><script>document.body.dataset.pwned=1</script>`,
  `'"--><svg onload=document.body.dataset.pwned=1>`,
  `{{constructor.constructor('x')()}}\${7*7}`,
  `<a href="javascript:document.body.dataset.pwned=1">x</a>`,
];

const notRun = { "data-pwned": /.*/ };

test("hostile names are rendered as text everywhere", async ({ environment, user, openPage, pageErrors }) => {
  pageErrors.expectStatus(423);
  const made: string[] = [];
  for (const name of HOSTILE) {
    made.push((await user.launch({ name })).id);
  }
  const page = await openPage(user);
  const dashboard = await new Dashboard(page).open();
  for (const [i, id] of made.entries()) {
    await expect(dashboard.card(id).getByTestId("card-open")).toHaveText(HOSTILE[i] ?? "");
  }
  await dashboard.act(made[0] ?? "", "rename");
  await page.getByTestId("rename-input").fill(HOSTILE[1] ?? "");
  // The card shows the new name before the server stored it; leaving the page would abort the request.
  const kept = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.keyboard.press("Enter");
  await kept;
  await expect(dashboard.card(made[0] ?? "").getByTestId("card-open")).toHaveText(HOSTILE[1] ?? "");
  const terminal = await new TerminalPage(page).open(made[0] ?? "");
  await terminal.ready();
  await expect(page.getByTestId("terminal-name")).toHaveText(HOSTILE[1] ?? "");
  expect(await page.title()).toContain(HOSTILE[1] ?? "");
  for (const path of ["/", "/account/audit"]) {
    await page.goto(path);
    await expect(page.locator("main")).toBeVisible();
    await expect(page.locator("body")).not.toHaveAttribute("data-pwned", notRun["data-pwned"]);
    expect(await page.locator("img[src=x], main script, svg[onload]").count()).toBe(0);
  }
  const admin = await openPage(environment.admin);
  for (const path of ["/admin/terminals", "/admin/audit", "/admin/users"]) {
    await admin.goto(path);
    await expect(admin.locator("main")).toBeVisible();
    await expect(admin.locator("body")).not.toHaveAttribute("data-pwned", notRun["data-pwned"]);
    expect(await admin.locator("img[src=x], main script, svg[onload]").count()).toBe(0);
  }
});

test("hostile titles of images and tiers are rendered as text", async ({ environment, user, openPage }) => {
  const admin = environment.admin.api;
  const { items: images } = await admin.get<Page<AdminImage>>("/api/admin/images");
  const offered = images.find(({ name }) => name === "debian");
  const { items: tiers } = await admin.get<Page<Tier>>("/api/admin/tiers");
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
    await expect(dashboard.page.locator("body")).not.toHaveAttribute("data-pwned", notRun["data-pwned"]);
    expect(await dashboard.page.locator("img[src=x], main script, svg[onload]").count()).toBe(0);
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

test("every page has a strict policy with a new nonce, and isolating headers", async ({ environment, user }) => {
  const nonces = new Set<string>();
  for (const [api, path] of [
    [new Api(environment.server.origin), "/login"],
    [new Api(environment.server.origin), "/setup"],
    [user.api, "/"],
    [user.api, "/account/security"],
    [user.api, "/nowhere"],
  ] as const) {
    const { headers } = await api.exchange("GET", path, undefined, { headers: { accept: "text/html" } });
    const policy = String(headers["content-security-policy"]);
    expect(policy, path).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
    for (const part of ["default-src 'none'", "'wasm-unsafe-eval'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy, path).toContain(part);
    const nonce = /'nonce-([^']{16,})'/.exec(policy)?.[1] ?? "";
    expect(nonce, path).not.toBe("");
    expect(nonces, "used twice").not.toContain(nonce);
    nonces.add(nonce);
    expect(headers, path).toMatchObject({
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
  }
});

test("login redirects only to paths of this site", async ({ user, openPage }) => {
  for (const next of [
    "//attacker.example/",
    "https://attacker.example/",
    "/\\attacker.example",
    "/\t/attacker.example",
    "/\r\n/attacker.example",
    "javascript:alert(1)",
  ]) {
    const page = await openPage(undefined);
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    await expect(page.getByTestId("login-submit")).toBeEnabled();
    await page.getByLabel("Username", { exact: true }).fill(user.username);
    await page.getByLabel("Password", { exact: true }).fill(user.password);
    await page.getByTestId("login-submit").click();
    await expect(page.getByTestId("dashboard")).toBeVisible();
    expect(new URL(page.url()).origin).toBe(user.origin);
  }
});

test("many concurrent page requests are all answered", async ({ user }) => {
  const { id } = await user.launch();
  for (const path of ["/", `/terminals/${id}`, "/account/security", "/login", "/nowhere"]) {
    const replies = await Promise.all(Array.from({ length: 40 }, () => user.api.exchange("GET", path)));
    for (const { status, text } of replies) {
      expect([200, 404], path).toContain(status);
      expect(text, path).toContain("</html>");
    }
  }
  const page = await user.api.exchange("GET", `/terminals/${id}`);
  expect(page.text, "the title is written by the server").toMatch(
    new RegExp(`<title>${(await user.terminal(id)).name} ·`),
  );
});
