// The audit log in the page: search, filters in the URL, verification and export.
import type { Page } from "@playwright/test";

import { AccountPage } from "../pages/account";
import { EntryPage } from "../pages/entry";
import { expect, test } from "../fixtures/test";

test("the audit log is searched, verified and exported, and its filters are kept in the URL", async ({
  environment,
  userWithFactor,
  openPage,
}) => {
  const { username } = userWithFactor;
  const { id } = await userWithFactor.launch({ name: "audited" });
  const at = (action: string) => `/api/security/terminal/${id}/mfa-${action}`;
  await userWithFactor.lock(id);
  await userWithFactor.api.refused("POST", at("verify"), { code: userWithFactor.wrongCode() });
  await userWithFactor.api.post(at("verify"), { code: userWithFactor.takeRecoveryCode() });
  await userWithFactor.api.post(at("unlock"), { code: userWithFactor.takeRecoveryCode() });

  const page = await openPage(environment.admin);
  await page.goto("/admin/audit");
  const rows = page.getByTestId("audit-row");
  const search = async (title: string) => {
    await page.getByTestId("field-event").selectOption(title);
    await page.getByTestId("field-actor").fill(username);
    await page.getByTestId("audit-search").click();
  };
  /** A filter for one event of this user. */
  const shows = async (where: Page, event: string) => {
    await expect(where.getByTestId("audit-row").first()).toHaveAttribute("data-event", event);
    await expect(where.getByTestId("field-event")).toHaveValue(event);
    await expect(where.getByTestId("field-actor")).toHaveValue(username);
  };
  await page.getByTestId("field-actor").fill(username);
  await page.getByTestId("audit-search").click();
  for (const event of ["terminal_mfa_locked", "terminal_mfa_access_verified", "terminal_mfa_unlocked"]) {
    await expect(page.locator(`[data-testid=audit-row][data-event="${event}"]`).first()).toBeVisible();
  }
  await expect(page.locator("[data-testid=audit-row][data-outcome=failure]").first()).toBeVisible();
  await page.getByTestId("audit-verify").click();
  await expect(page.getByTestId("audit-intact")).toBeVisible();

  await search("Terminal lock");
  await shows(page, "terminal_mfa_locked");
  await expect(rows).toHaveCount(1);
  // The same search again shows later events.
  await userWithFactor.lock(id);
  await page.getByTestId("audit-search").click();
  await expect(rows).toHaveCount(2);
  await page.reload();
  await shows(page, "terminal_mfa_locked");
  await expect(rows).toHaveCount(2);
  await search("MFA enrolment");
  await shows(page, "mfa_enrolled");
  await page.goBack();
  await shows(page, "terminal_mfa_locked");
  await page.goForward();
  await shows(page, "mfa_enrolled");
  const address = page.url();
  await page.getByTestId("field-event").selectOption("Audit export");
  await page.getByTestId("audit-search").click();
  await expect(rows, "nothing is found").toHaveCount(0);
  await page.getByTestId("audit-clear").click();
  await expect(rows).not.toHaveCount(0);
  await expect(page.getByTestId("field-actor")).toHaveValue("");
  await expect(page.getByTestId("field-event")).toHaveValue("");
  // Opened by a user who has to sign in first.
  const other = await openPage(undefined);
  await other.goto(address);
  await new EntryPage(other).signIn(environment.admin.username, environment.admin.password);
  await shows(other, "mfa_enrolled");

  const lines = (await environment.admin.api.exchange("GET", "/api/admin/audit/export")).text.trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { seq: number; event: string });
  expect(events.map(({ event }) => event)).toContain("terminal_mfa_locked");
  expect(new Set(events.map(({ seq }) => seq)).size).toBe(events.length);
  const all = JSON.stringify(lines);
  for (const secret of [userWithFactor.password, ...userWithFactor.recoveryCodes]) expect(all).not.toContain(secret);

  const mine = await openPage(userWithFactor);
  await new AccountPage(mine).open("audit");
  await expect(mine.getByTestId("field-actor"), "one's own trail asks for no name").toHaveCount(0);
  await mine.getByTestId("field-event").selectOption("Terminal lock");
  await mine.getByTestId("audit-search").click();
  await expect(mine.getByTestId("audit-row")).toHaveCount(2);
  await mine.reload();
  await expect(mine.getByTestId("field-event")).toHaveValue("terminal_mfa_locked");
  await expect(mine.getByTestId("audit-row")).toHaveCount(2);
  await expect(mine.getByTestId("audit-row").first()).toHaveAttribute("data-event", "terminal_mfa_locked");
});
