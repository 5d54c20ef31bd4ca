// Every route that reads, and the terminal socket, for every kind of caller: who may read and who may
// not.
import { Api } from "../fixtures/api";
import { expect, test } from "../fixtures/test";
import { filled, isAboutTerminal, label, type Route, routesOf } from "../fixtures/routes";
import { attach } from "../fixtures/socket";

const OPEN_TO_ALL = new Set(["/healthz", "/readyz", "/api/setup", "/api/openapi.json"]);

type Kind = "nobody" | "pending" | "stranger" | "administrator" | "owner";

/** The status a caller must get. */
function due({ template }: Route, kind: Kind, locked: boolean): number {
  if (OPEN_TO_ALL.has(template)) return 200;
  // Needs the token of an invitation, which no caller here has.
  if (template === "/api/invite") return 403;
  if (kind === "nobody" || kind === "pending") return 401;
  if (template.startsWith("/api/admin/")) return kind === "administrator" ? 200 : 403;
  if (!isAboutTerminal({ method: "GET", template })) return 200;
  if (kind !== "owner") return 404;
  if (!template.endsWith("/attach")) return 200;
  return locked ? 423 : 101;
}

test("every reading route answers by kind of caller", async ({ environment, userWithFactor, user }) => {
  const { id } = await userWithFactor.launch();
  const pending = new Api(environment.server.origin);
  await pending.post("/api/auth/login", { username: userWithFactor.username, password: userWithFactor.password });
  // The event stream has no end to read to; it has its own tests.
  const routes = (await routesOf(userWithFactor.api)).filter(
    ({ method, template }) => method === "GET" && template !== "/api/events",
  );
  expect(routes.length).toBeGreaterThan(20);
  const status = async (api: Api, route: Route): Promise<number> => {
    if (!route.template.endsWith("/attach")) {
      const path = filled(route, id);
      return (await api.exchange("GET", path === "/api/invite" ? `${path}?token=${"A".repeat(43)}` : path)).status;
    }
    const tried = await attach(api, id);
    tried.socket?.close();
    return tried.status;
  };
  const all = async (when: string, locked: boolean, callers: readonly (readonly [Kind, Api])[]) => {
    const seen: Record<string, number> = {};
    const wanted: Record<string, number> = {};
    for (const [kind, api] of callers) {
      for (const route of routes) {
        seen[`${kind}: ${label(route)}`] = await status(api, route);
        wanted[`${kind}: ${label(route)}`] = due(route, kind, locked);
      }
    }
    expect(seen, when).toEqual(wanted);
  };
  const others = [
    ["nobody", new Api(environment.server.origin)],
    ["pending", pending],
    ["stranger", user.api],
    ["administrator", environment.admin.api],
  ] as const;
  const owner = [["owner", userWithFactor.api]] as const;
  await all("open", false, [...others, ...owner]);
  await userWithFactor.lock(id);
  await all("locked", true, [...others, ...owner]);
  await userWithFactor.api.post(`/api/security/terminal/${id}/mfa-verify`, { code: userWithFactor.takeRecoveryCode() });
  await all("granted", false, owner);
  await all("granted, to others and to another login of its owner", true, [
    ...others,
    ["owner", await userWithFactor.signInElsewhere()],
  ]);
  await userWithFactor.lock(id);
  await all("locked again", true, owner);
});
