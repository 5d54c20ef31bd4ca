// The dashboard: creating a terminal, and the actions of its card.
import { Dashboard } from "../pages/dashboard";
import { TerminalPage } from "../pages/terminal";
import type { AuditView, Page, Tier } from "../fixtures/contract";
import { expect, test } from "../fixtures/test";

/** Steps of a launch, as the page names them. */
const STEPS = [
  "Reserving",
  "Making the home volume",
  "Creating the container",
  "Checking the hardening from outside",
  "Starting",
  "Checking the hardening from inside",
  "Ready",
];

test("a new terminal has the chosen name, image and tier, and its steps are shown", async ({ user, openPage }) => {
  const { items } = await user.api.get<Page<Tier>>("/api/tiers");
  const tier = items.find((tier) => !tier.default);
  if (!tier) throw new Error("one tier alone is offered");
  const dashboard = await new Dashboard(await openPage(user)).open();
  const { page, launchDialog } = dashboard;
  await page.evaluate(() => {
    const seen: string[][] = [];
    Object.assign(window, { seen });
    const look = () => {
      const done = [...document.querySelectorAll<HTMLElement>("[data-testid=stages] .stage-done")].map(
        (step) => step.dataset["stage"] ?? "",
      );
      if (document.querySelector("[data-testid=stages]") && seen.at(-1)?.length !== done.length) seen.push(done);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  await dashboard.openLaunchDialog();
  await launchDialog.getByLabel(/^Name/).fill("of my choice");
  await launchDialog.getByTestId("image-dev").click();
  await launchDialog.getByTestId(`tier-${tier.name}`).click();
  await launchDialog.getByTestId("launch-submit").click();
  await page.waitForURL(/\/terminals\/[0-9a-f-]{36}$/);
  const id = page.url().split("/").at(-1) ?? "";
  await new TerminalPage(page).ready();
  const seen = await page.evaluate(() => (window as unknown as { seen: string[][] }).seen);
  expect(seen.length, `told in steps, not at once: ${JSON.stringify(seen)}`).toBeGreaterThanOrEqual(4);
  for (const done of seen) expect(done, "from the first on, none left out").toEqual(STEPS.slice(0, done.length));
  expect(await user.terminal(id)).toMatchObject({
    name: "of my choice",
    image: "dev",
    tier: tier.name,
    state: "running",
  });
  const stats = await user.api.get<{ memory_bytes_limit: number }>(`/api/terminals/${id}/stats`);
  expect(stats.memory_bytes_limit).toBe(tier.memory_bytes);
});

test("a card stops, starts, restarts, renames and, after confirmation, deletes its terminal", async ({
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(404);
  const { id } = await user.launch({ name: "one" });
  const dashboard = await new Dashboard(await openPage(user)).open();
  const { page } = dashboard;
  const card = dashboard.card(id);
  await dashboard.act(id, "stop");
  await expect(card).toHaveAttribute("data-state", "stopped");
  await user.until(id, "stopped");
  await card.getByTestId("card-start").click();
  await expect(card).toHaveAttribute("data-state", "running");
  await dashboard.act(id, "restart");
  const events = async () => {
    const { items } = await user.api.get<Page<AuditView>>("/api/account/audit?limit=200");
    return items
      .filter(({ target }) => target === id)
      .map(({ event }) => event)
      .reverse();
  };
  const words = ["created", "stopped", "started", "stopped", "started"].map((word) => `terminal_${word}`);
  await expect.poll(events).toEqual(words);
  await expect(card).toHaveAttribute("data-state", "running");

  await dashboard.act(id, "rename");
  await page.getByTestId("rename-input").fill("another");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await user.terminal(id)).name).toBe("another");
  await expect(card.getByTestId("card-open")).toHaveText("another");

  await dashboard.act(id, "delete");
  const question = page.getByTestId("delete-dialog").filter({ visible: true });
  await expect(question).toContainText("another");
  await question.getByRole("button", { name: "Keep it" }).click();
  await expect(question).toBeHidden();
  expect((await user.terminal(id)).state).toBe("running");
  await dashboard.act(id, "delete");
  await question.getByTestId("delete-confirm").click();
  await expect(card).toHaveCount(0);
  await user.gone(id);
});

test("a refused launch shows advice, keeps the input and leaves nothing", async ({
  environment,
  user,
  openPage,
  pageErrors,
}) => {
  pageErrors.expectStatus(409);
  const { id: userId } = await user.me();
  await environment.admin.api.ask("PATCH", `/api/admin/users/${userId}`, { terminals_max: 1 });
  const { id } = await user.launch();
  const dashboard = await new Dashboard(await openPage(user)).open();
  const { launchDialog } = dashboard;
  await dashboard.openLaunchDialog();
  await launchDialog.getByLabel(/^Name/).fill("typed already");
  await launchDialog.getByTestId("image-dev").click();
  await launchDialog.getByTestId("launch-submit").click();
  const problem = launchDialog.getByTestId("problem");
  await expect(problem).toHaveAttribute("data-kind", "quota_reached");
  await expect(problem).toContainText("Delete one, or ask an administrator");
  await expect(launchDialog.getByLabel(/^Name/)).toHaveValue("typed already");
  await expect(launchDialog.getByTestId("image-dev").getByRole("radio")).toBeChecked();
  expect((await user.terminals()).map((terminal) => terminal.id)).toEqual([id]);
});
