// Access rules of the running binary that need a real shell or a restarted server.
import { Api } from "../fixtures/api";
import { expect, test } from "../fixtures/test";
import { filled, isAboutTerminal, label, type Route, routesOf } from "../fixtures/routes";
import { attach, attached } from "../fixtures/socket";

/** Public routes. All others need a login; a new public route has to be added here. */
const PUBLIC = new Set([
  "GET /healthz",
  "GET /readyz",
  "GET /api/openapi.json",
  "GET /api/setup",
  "POST /api/setup",
  "GET /api/invite",
  "POST /api/invite",
  "POST /api/auth/login",
  "POST /api/auth/login/mfa",
  "POST /api/auth/logout",
]);

/** Routes of a locked terminal that give no access to its bytes. */
const WITHOUT_BYTES = new Set([
  "GET /api/terminals/{id}",
  "PATCH /api/terminals/{id}",
  "POST /api/terminals/{id}/start",
  "POST /api/terminals/{id}/stop",
  "POST /api/terminals/{id}/restart",
  "GET /api/terminals/{id}/stats",
  "GET /api/terminals/{id}/security",
]);

const isLockRoute = (route: Route) => route.template.startsWith("/api/security/");

test("a locked terminal opens by no spelling of its id, before and after a restart, and by a verified code", async ({
  environment,
  userWithFactor,
}) => {
  const { id } = await userWithFactor.launch();
  await userWithFactor.lock(id);
  const forms = [
    id,
    id.toUpperCase(),
    id.replaceAll("-", ""),
    `{${id}}`,
    `urn:uuid:${id}`,
    `${id}%00`,
    `${id}/`,
    ` ${id}`,
  ];
  const tryAll = async (when: string) => {
    for (const form of forms) {
      const { status } = await attach(userWithFactor.api, encodeURIComponent(form));
      expect([423, 404], `${when}: ${form}`).toContain(status);
    }
    expect((await attach(userWithFactor.api, id)).status, when).toBe(423);
  };
  await tryAll("just locked");
  // The restarted server only has what it read from the database.
  await environment.server.kill();
  await environment.server.restart();
  await tryAll("after a restart");
  const answer = await userWithFactor.api.post<{ verified: boolean; granted_until: string }>(
    `/api/security/terminal/${id}/mfa-verify`,
    { code: await userWithFactor.nextCode() },
  );
  expect(answer.verified).toBe(true);
  expect(Date.parse(answer.granted_until)).toBeGreaterThan(Date.now());
  const socket = await attached(userWithFactor.api, id);
  socket.type(" echo open-$((1+1))\r");
  await socket.seen(/open-2/);
  socket.close();
  expect((await userWithFactor.lockStatus(id)).mfa_locked, "verifying keeps the lock").toBe(true);
  const elsewhere = await userWithFactor.signInElsewhere();
  expect((await attach(elsewhere, id)).status, "the grant is this login session's alone").toBe(423);
});

test("locking closes open sockets, and no other route gives access to a locked terminal", async ({
  userWithFactor,
}) => {
  const { id } = await userWithFactor.launch();
  const socket = await attached(userWithFactor.api, id);
  socket.type(" while :; do echo tick; done\r");
  await socket.seen(/tick/);
  await userWithFactor.lock(id);
  const before = socket.received;
  // A partially written message at the revocation may prevent the close frame.
  expect([4423, 1006]).toContain(await socket.closed());
  // Bytes in transit when the lock was answered may still be read; nothing is sent after it.
  expect(socket.received - before).toBeLessThan(512 * 1024);
  const doors = (await routesOf(userWithFactor.api)).filter((route) => isAboutTerminal(route) && !isLockRoute(route));
  expect(doors.map(label)).toContain("GET /api/terminals/{id}/attach");
  for (const door of doors.filter((door) => !WITHOUT_BYTES.has(label(door)))) {
    const problem = await userWithFactor.api.refused(door.method, filled(door, id));
    expect(problem.status, `${label(door)}: ${problem.type}`).toBe(423);
  }
  for (const absent of ["files?path=/home/user", "recording", "share", "ports", "ssh", "exec", "thumbnail"]) {
    expect((await userWithFactor.api.refused("GET", `/api/terminals/${id}/${absent}`)).status, absent).toBe(404);
  }
  const wrong = await userWithFactor.api.refused("DELETE", `/api/terminals/${id}`, {
    code: userWithFactor.wrongCode(),
  });
  expect(wrong.type).toBe("wrong_code");
  expect((await userWithFactor.terminal(id)).state).toBe("running");
});

test("a pending login may use one route and sees no data in pages", async ({ environment, userWithFactor }) => {
  const { id } = await userWithFactor.launch();
  const pending = new Api(environment.server.origin);
  const answer = await pending.post<{ status: string }>("/api/auth/login", {
    username: userWithFactor.username,
    password: userWithFactor.password,
  });
  expect(answer.status).toBe("mfa_required");
  expect(pending.cookie).not.toBe("");
  const routes = (await routesOf(userWithFactor.api)).filter((route) => !PUBLIC.has(label(route)));
  expect(routes.length).toBeGreaterThan(20);
  for (const route of routes) {
    const thief = pending.copy();
    const body = route.method === "GET" ? undefined : {};
    const problem = await thief.refused(route.method, filled(route, id), body);
    expect(problem.status, `${label(route)}: ${problem.type}`).toBe(401);
  }
  expect((await attach(pending, id)).status).toBe(401);
  for (const path of ["/", `/terminals/${id}`, "/account/security", "/admin/users"]) {
    const reply = await pending.exchange("GET", path);
    expect(reply.text, `the page ${path}`).not.toContain(userWithFactor.username);
  }
  await pending.post("/api/auth/login/mfa", { code: userWithFactor.takeRecoveryCode() });
  expect((await pending.get<{ username: string }>("/api/me")).username).toBe(userWithFactor.username);
});
