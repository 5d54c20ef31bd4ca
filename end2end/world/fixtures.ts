// What a test can ask for: a running server with its administrator, people, browsers that are watched.
import { randomBytes } from "node:crypto";

import { type BrowserContext, type BrowserContextOptions, expect, type Page, test as base } from "@playwright/test";

import { Api } from "./api";
import type { Page as List, TerminalState } from "./contract";
import { Person } from "./person";
import { Server } from "./server";
import { Watch } from "./watch";

export { expect } from "@playwright/test";

/** Accepted by the rules for passwords, and different for each person. */
const newPassword = () => `correct horse ${randomBytes(6).toString("hex")}`;

let people = 0;

/** A server that is set up: one administrator, nobody else. */
export class House {
  /** A test failed: what it left behind is swept, not complained about. */
  troubled = false;

  private constructor(
    readonly server: Server,
    readonly admin: Person,
  ) {}

  static async open(): Promise<House> {
    const server = await Server.fresh();
    const admin = new Person(server.origin, "admin", newPassword());
    const token = new URL(server.setupLink ?? "").searchParams.get("token");
    await admin.api.post("/api/setup", { token, username: admin.username, password: admin.password });
    return new House(server, admin);
  }

  /** A new person, joined by a one-time link and signed in. */
  async invite(role: "user" | "admin" = "user"): Promise<Person> {
    const { url } = await this.admin.api.post<{ url: string }>("/api/admin/users/invite", { role });
    const token = new URL(url).searchParams.get("token");
    const person = new Person(this.server.origin, `person-${++people}`, newPassword());
    await new Api(this.server.origin).post("/api/invite", { token, username: person.username, password: person.password });
    await person.signIn();
    return person;
  }
}

/** A terminal as administrators see it. */
interface Owned {
  id: string;
  owner: string;
  mfa_locked: boolean;
  state: TerminalState;
}

interface PerWorker {
  house: House;
}

interface PerTest {
  /** Looks over the shoulder of every page; see its `expects`. */
  watch: Watch;
  /** A fresh person without a factor; their terminals are deleted when the test ends. */
  person: Person;
  /** A fresh person with a factor. */
  guarded: Person;
  /** Opens another browser (its own cookies, its own storage), signed in as somebody or as nobody. */
  visit: (who: Person | undefined, options?: BrowserContextOptions) => Promise<Page>;
}

export const test = base.extend<PerTest, PerWorker>({
  house: [
    async ({}, use) => {
      const house = await House.open();
      await use(house);
      const remains = await house.server.dispose();
      if (!house.troubled) expect(remains, "left in the engine").toEqual({ containers: [], volumes: [] });
    },
    { scope: "worker", timeout: 60_000 },
  ],

  watch: [
    async ({}, use, info) => {
      const watch = new Watch();
      await use(watch);
      if (info.status === "passed") expect(watch.unexpected(), "errors in a page").toEqual([]);
    },
    { auto: true },
  ],

  person: async ({ house }, use, info) => {
    const person = await house.invite();
    await use(person);
    await leave(house, person, info.status === "passed");
  },

  guarded: async ({ house }, use, info) => {
    const person = await house.invite();
    await person.enrol();
    await use(person);
    await leave(house, person, info.status === "passed");
  },

  context: async ({ house, context, watch }, use) => {
    void house;
    await watch.follow(context);
    await use(context);
  },

  baseURL: async ({ house }, use) => {
    await use(house.server.origin);
  },

  visit: async ({ browser, house, watch }, use) => {
    const opened: BrowserContext[] = [];
    await use(async (who, options = {}) => {
      const context = await browser.newContext({ baseURL: house.server.origin, ...options });
      opened.push(context);
      await watch.follow(context);
      const page = await context.newPage();
      if (who) await signInPage(page, who);
      return page;
    });
    for (const context of opened) await context.close();
  },
});

/** An address at which the server has nothing. */
const NOWHERE = "/an-empty-page";

/** Signs a browser in by the same requests its login page makes; the page itself is tested where it is the subject. */
export async function signInPage(page: Page, who: Person): Promise<void> {
  // Any document of the server's origin will do; an empty one starts no program.
  await page.route(`**${NOWHERE}`, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>empty</title><link rel=icon href='data:,'>" }));
  await page.goto(NOWHERE);
  await page.unroute(`**${NOWHERE}`);
  const post = (path: string, body: unknown) =>
    page.evaluate(
      async ([path, body]) => {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(path, { method: "POST", headers, body });
        return { status: answer.status, text: await answer.text() };
      },
      [path, JSON.stringify(body)] as const,
    );
  const first = await post("/api/auth/login", { username: who.username, password: who.password });
  expect(first.status, first.text).toBe(200);
  if ((JSON.parse(first.text) as { status: string }).status === "mfa_required") {
    const second = await post("/api/auth/login/mfa", { code: who.takeRecoveryCode() });
    expect(second.status, second.text).toBe(200);
  }
}

/**
 * A person leaves: no terminal of theirs stays. The administrator removes what is open, as the person may be disabled or
 * signed out by the test; what is locked takes the person's own code. After a failure the sweep at the end has to do.
 */
async function leave(house: House, person: Person, passed: boolean): Promise<void> {
  if (!passed) {
    house.troubled = true;
    return;
  }
  const left = async () => {
    const { items } = await house.admin.api.get<List<Owned>>("/api/admin/terminals?limit=200");
    return items.filter(({ owner }) => owner === person.username);
  };
  for (const { id, state, mfa_locked } of await left()) {
    if (state === "deleting") continue;
    if (mfa_locked) await deleteLocked(person, id);
    else await house.admin.api.ask("DELETE", `/api/admin/terminals/${id}`);
  }
  await expect.poll(left, { timeout: 60_000, message: `terminals of ${person.username}` }).toEqual([]);
}

/** With a recovery code, as often as it takes: a test that guessed codes left a wait behind. */
async function deleteLocked(person: Person, id: string): Promise<void> {
  const signedIn = (await person.api.exchange("GET", "/api/me")).status === 200;
  const api = signedIn ? person.api : await person.signInElsewhere();
  const code = person.takeRecoveryCode();
  await expect
    .poll(async () => (await api.exchange("DELETE", `/api/terminals/${id}`, { code })).status, { timeout: 90_000, intervals: [500] })
    .toBeLessThan(300);
}
