// Defects of the product this one replaces. Each test shows that the defect is absent here; its number is the one in the
// list of what was found there.
import { Api } from "../fixtures/api";
import type { AuditEvent, Enrolment, Page, Terminal } from "../fixtures/contract";
import { remainsOf } from "../fixtures/engine";
import { expect, test } from "../fixtures/test";
import { filled, isAboutTerminal, label, type Route, routesOf } from "../fixtures/routes";
import { attach, attached } from "../fixtures/socket";

/** Routes that anybody may ask. Everything else needs a login; a new public route has to be added here on purpose. */
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

/** Routes of a locked terminal that show or change no byte of it: its name, its state, its lock. */
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

test("upstream defect 1: a locked terminal does not open by any form of its id, cached or not, and a verified code counts", async ({
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
  // Nothing is in memory now but what was read from the database.
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

test("upstream defect 2: locking ends open sockets, and no other door of a locked terminal leads in", async ({
  userWithFactor,
}) => {
  const { id } = await userWithFactor.launch();
  const socket = await attached(userWithFactor.api, id);
  socket.type(" while :; do echo tick; done\r");
  await socket.seen(/tick/);
  await userWithFactor.lock(id);
  const before = socket.received;
  // A message that was half written at the cut may leave no room for the frame with the reason.
  expect([4423, 1006]).toContain(await socket.closed());
  // What was on its way when the lock was answered may still be read; nothing is sent after it.
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

test("upstream defect 3: a login whose code is missing fits one route and nothing else, however it is used", async ({
  environment,
  userWithFactor,
}) => {
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

test("upstream defect 4a: the server makes the secret, keeps the old factor until the new one is confirmed, and asks for it", async ({
  user,
}) => {
  const chosen = await user.api.refused("POST", "/api/account/mfa/enrol", {
    password: user.password,
    secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  });
  expect(chosen.status).toBe(400);
  expect((await user.api.refused("POST", "/api/account/mfa/enrol", { password: "not the password" })).status).toBe(401);
  await user.enrol();
  expect((await user.me()).mfa_enabled).toBe(true);
  // A stolen session with the password, but without the factor.
  const without = await user.api.refused("POST", "/api/account/mfa/enrol", { password: user.password });
  expect([400, 401]).toContain(without.status);
  const again = await user.api.post<Enrolment>("/api/account/mfa/enrol", {
    password: user.password,
    code: user.takeRecoveryCode(),
  });
  const { id } = await user.launch();
  await user.lock(id);
  await user.api.post(`/api/security/terminal/${id}/mfa-unlock`, { code: await user.nextCode() });
  expect(again.secret).not.toBe("");
});

test("upstream defect 4b: a code works once, everywhere", async ({ userWithFactor }) => {
  const [one, two] = [await userWithFactor.launch(), await userWithFactor.launch()];
  await userWithFactor.lock(one.id);
  await userWithFactor.lock(two.id);
  const code = await userWithFactor.nextCode();
  const burnt = userWithFactor.authenticator?.lastStep ?? 0;
  await userWithFactor.api.post(`/api/security/terminal/${one.id}/mfa-verify`, { code });
  const earlier = userWithFactor.authenticator?.codeOf(burnt - 1);
  for (const [path, body] of [
    [`/api/security/terminal/${one.id}/mfa-verify`, { code }],
    [`/api/security/terminal/${two.id}/mfa-verify`, { code }],
    [`/api/security/terminal/${two.id}/mfa-unlock`, { code: earlier }],
    ["/api/account/mfa/recovery-codes", { code }],
  ] as const) {
    expect((await userWithFactor.api.refused("POST", path, body)).type, path).toBe("wrong_code");
  }
  expect((await attach(userWithFactor.api, two.id)).status).toBe(423);
});

test("upstream defect 4c: guesses are counted over every place that takes a code, slowed down and written down", async ({
  userWithFactor,
}) => {
  const { id } = await userWithFactor.launch();
  await userWithFactor.lock(id);
  const places = [
    `/api/security/terminal/${id}/mfa-verify`,
    `/api/security/terminal/${id}/mfa-unlock`,
    "/api/account/mfa/recovery-codes",
  ];
  let throttled: number | undefined;
  for (let guess = 0; guess < 12 && throttled === undefined; guess++) {
    const path = places[guess % places.length] ?? "";
    const spoofed = { headers: { "x-forwarded-for": `198.51.100.${guess}` } };
    const problem = await userWithFactor.api.refused("POST", path, { code: userWithFactor.wrongCode() }, spoofed);
    if (problem.status === 429) {
      throttled = guess;
      expect(problem.retry_after).toBeGreaterThanOrEqual(1);
    } else expect(problem.type).toBe("wrong_code");
  }
  expect(throttled, "the guess that is not looked at any more").toBeGreaterThanOrEqual(5);
  const right = await userWithFactor.nextCode();
  for (const path of places) {
    const { status, headers } = await userWithFactor.api.exchange("POST", path, { code: right });
    expect(status, "not even a right code is looked at").toBe(429);
    expect(Number(headers["retry-after"]), path).toBeGreaterThanOrEqual(1);
  }
  const { items } = await userWithFactor.api.get<Page<AuditEvent>>("/api/account/audit?limit=200");
  const failures = items.filter((event) => event.outcome === "failure");
  expect(failures.length).toBeGreaterThanOrEqual(5);
  expect(failures.every((event) => event.address?.startsWith("127."))).toBe(true);
});

test("upstream defect 4d: one recovery code in many requests at once is spent by exactly one", async ({
  userWithFactor,
}) => {
  const made = await Promise.all([0, 1, 2, 3].map(() => userWithFactor.launch()));
  for (const { id } of made) await userWithFactor.lock(id);
  const code = userWithFactor.takeRecoveryCode();
  const tries = made.map(({ id }) =>
    userWithFactor.api.exchange("POST", `/api/security/terminal/${id}/mfa-unlock`, { code }),
  );
  const statuses = (await Promise.all(tries)).map((reply) => reply.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 200 || status === 401 || status === 429)).toHaveLength(4);
  expect((await userWithFactor.me()).recovery_codes_left).toBe(9);
});

test("upstream defect 5: nothing of another tenant's terminal can be reached, by id or by name, by nobody", async ({
  environment,
  userWithFactor,
  user,
}) => {
  const mine = await userWithFactor.launch({ name: "target" });
  await user.launch({ name: "target" });
  const doors = (await routesOf(userWithFactor.api)).filter(isAboutTerminal);
  for (const [who, stranger] of [
    ["a stranger", user],
    ["an administrator", environment.admin],
  ] as const) {
    for (const door of doors) {
      for (const key of [mine.id, "target"]) {
        const body =
          door.method === "GET" ? undefined : /verify$|unlock$/.test(door.template) ? { code: "000000" } : {};
        const reply = await stranger.api.exchange(door.method, filled(door, key), body);
        expect(reply.status, `${who}: ${label(door)} with ${key}`).toBe(404);
      }
    }
    const missing = await stranger.api.refused("GET", `/api/terminals/${crypto.randomUUID()}`);
    const foreign = await stranger.api.refused("GET", `/api/terminals/${mine.id}`);
    expect({ ...foreign, request_id: "" }, "the two answers cannot be told apart").toEqual({
      ...missing,
      request_id: "",
    });
  }
  expect((await userWithFactor.terminal(mine.id)).state).toBe("running");
});

test("upstream defect 8: nothing internal is public, no account exists by default, an empty database works", async ({
  environment,
}) => {
  const nobody = new Api(environment.server.origin);
  const routes = await routesOf(nobody);
  for (const route of routes.filter((route) => !PUBLIC.has(label(route)))) {
    const body = route.method === "GET" ? undefined : {};
    const problem = await nobody.refused(route.method, filled(route, crypto.randomUUID()), body);
    expect(problem.status, label(route)).toBe(401);
  }
  for (const path of [
    "/metrics",
    "/debug/pprof/",
    "/internal/terminals",
    "/api/internal",
    "/api/debug",
    "/.env",
    "/rexec.toml",
  ]) {
    expect([401, 403, 404], path).toContain((await nobody.exchange("GET", path)).status);
  }
  for (const [username, password] of [
    ["admin", "admin"],
    ["admin", "admin123"],
    ["root", "root"],
    ["rexec", "rexec"],
  ]) {
    expect((await nobody.refused("POST", "/api/auth/login", { username, password })).status).toBe(401);
  }
  // A server that was started again prints no link any more; then any token stands for the used one.
  const link = environment.server.setupLink;
  const used = link === undefined ? "A".repeat(43) : new URL(link).searchParams.get("token");
  const late = await nobody.refused("POST", "/api/setup", {
    token: used,
    username: "second",
    password: "a long enough password",
  });
  expect([403, 409]).toContain(late.status);
});

test("upstream defect 12: the home stays through rename, resize and restart, and goes with the terminal", async ({
  environment,
  user,
}) => {
  const { id } = await user.launch({ name: "before" });
  const write = await attached(user.api, id);
  write.type(" echo kept > ~/note; cat ~/note | tr a-z A-Z\r");
  await write.seen(/KEPT/);
  write.close();
  const tiers = await user.api.get<Page<{ name: string; default: boolean }>>("/api/tiers");
  const other = tiers.items.find((tier) => !tier.default)?.name ?? "";
  await user.api.ask("PATCH", `/api/terminals/${id}`, { name: "after" });
  await user.api.ask("PATCH", `/api/terminals/${id}`, { tier: other });
  expect(await user.terminal(id)).toMatchObject({ name: "after", tier: other, state: "running" });
  await user.api.post(`/api/terminals/${id}/stop`);
  await user.until(id, "stopped");
  await user.api.post(`/api/terminals/${id}/start`);
  await user.until(id, "running");
  const read = await attached(user.api, id);
  read.type(" cat ~/note | tr a-z A-Z\r");
  await read.seen(/KEPT/);
  read.close();
  const before = await remainsOf(environment.server.instance);
  expect(before.volumes.length).toBeGreaterThan(0);
  await user.delete(id);
  await expect.poll(() => remainsOf(environment.server.instance)).toEqual({ containers: [], volumes: [] });
  const fresh: Terminal = await user.launch({ name: "after" });
  const look = await attached(user.api, fresh.id);
  look.type(" ls ~/note; echo looked-$((1+1))\r");
  await look.seen(/looked-2/);
  expect(look.text).toMatch(/No such file/);
  look.close();
});

test("upstream defect 14: the container inside is the one the page describes", async ({ user }) => {
  const { id } = await user.launch();
  const socket = await attached(user.api, id, { cols: 200 });
  const ask = async (command: string, answer: RegExp) => {
    socket.type(` ${command}\r`);
    await socket.seen(answer);
  };
  await ask("echo uid=$(id -u)-", /uid=1000-/);
  await ask("grep -c '^CapBnd:.*00000000000004eb$' /proc/1/status | sed s/^/caps=/", /caps=1/);
  await ask("grep '^NoNewPrivs' /proc/self/status | tr -d '[:space:]'", /NoNewPrivs:1/);
  await ask("grep '^Seccomp:' /proc/self/status | tr -d '[:space:]'", /Seccomp:2/);
  await ask("touch /etc/x; touch /usr/x; true", /cannot touch '\/usr\/x': Read-only file system/);
  await ask("cp /bin/true /tmp/t; /tmp/t; echo ran=$?", /ran=126/);
  await ask("df -m --output=size /tmp | tail -1 | sed 's/ *//;s/^/tmp=/'", /tmp=100\b/);
  await ask("cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null | sed s/^/pids=/", /pids=256/);
  socket.close();
});
