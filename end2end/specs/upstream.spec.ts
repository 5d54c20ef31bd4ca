// Defects of the product this one replaces. Each test shows that the defect is absent here; its number is the one in the
// list of what was found there.
import { Api } from "../world/api";
import type { AuditEvent, Enrolment, Page, Terminal } from "../world/contract";
import { remainsOf } from "../world/engine";
import { expect, test } from "../world/fixtures";
import { filled, isAboutTerminal, label, type Route, routesOf } from "../world/routes";
import { attach, attached } from "../world/socket";

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

test("upstream defect 1: a locked terminal does not open by any form of its id, cached or not, and a verified code counts", async ({ house, guarded }) => {
  const { id } = await guarded.launch();
  await guarded.lock(id);
  const forms = [id, id.toUpperCase(), id.replaceAll("-", ""), `{${id}}`, `urn:uuid:${id}`, `${id}%00`, `${id}/`, ` ${id}`];
  const tryAll = async (when: string) => {
    for (const form of forms) {
      const { status } = await attach(guarded.api, encodeURIComponent(form));
      expect([423, 404], `${when}: ${form}`).toContain(status);
    }
    expect((await attach(guarded.api, id)).status, when).toBe(423);
  };
  await tryAll("just locked");
  // Nothing is in memory now but what was read from the database.
  await house.server.kill();
  await house.server.startAgain();
  await tryAll("after a restart");
  const answer = await guarded.api.post<{ verified: boolean; granted_until: string }>(
    `/api/security/terminal/${id}/mfa-verify`,
    { code: await guarded.nextCode() },
  );
  expect(answer.verified).toBe(true);
  expect(Date.parse(answer.granted_until)).toBeGreaterThan(Date.now());
  const socket = await attached(guarded.api, id);
  socket.type(" echo open-$((1+1))\r");
  await socket.seen(/open-2/);
  socket.close();
  expect((await guarded.lockStatus(id)).mfa_locked, "verifying keeps the lock").toBe(true);
  const elsewhere = await guarded.signInElsewhere();
  expect((await attach(elsewhere, id)).status, "the grant is this login session's alone").toBe(423);
});

test("upstream defect 2: locking ends open sockets, and no other door of a locked terminal leads in", async ({ guarded }) => {
  const { id } = await guarded.launch();
  const socket = await attached(guarded.api, id);
  socket.type(" while :; do echo tick; done\r");
  await socket.seen(/tick/);
  await guarded.lock(id);
  const before = socket.received;
  // A message that was half written at the cut may leave no room for the frame with the reason.
  expect([4423, 1006]).toContain(await socket.closed());
  // What was on its way when the lock was answered may still be read; nothing is sent after it.
  expect(socket.received - before).toBeLessThan(512 * 1024);
  const doors = (await routesOf(guarded.api)).filter((route) => isAboutTerminal(route) && !isLockRoute(route));
  expect(doors.map(label)).toContain("GET /api/terminals/{id}/attach");
  for (const door of doors.filter((door) => !WITHOUT_BYTES.has(label(door)))) {
    const problem = await guarded.api.refused(door.method, filled(door, id));
    expect(problem.status, `${label(door)}: ${problem.type}`).toBe(423);
  }
  for (const absent of ["files?path=/home/user", "recording", "share", "ports", "ssh", "exec", "thumbnail"]) {
    expect((await guarded.api.refused("GET", `/api/terminals/${id}/${absent}`)).status, absent).toBe(404);
  }
  const wrong = await guarded.api.refused("DELETE", `/api/terminals/${id}`, { code: guarded.wrongCode() });
  expect(wrong.type).toBe("wrong_code");
  expect((await guarded.terminal(id)).state).toBe("running");
});

test("upstream defect 3: a login whose code is missing fits one route and nothing else, however it is used", async ({ house, guarded }) => {
  const { id } = await guarded.launch();
  const pending = new Api(house.server.origin);
  const answer = await pending.post<{ status: string }>("/api/auth/login", { username: guarded.username, password: guarded.password });
  expect(answer.status).toBe("mfa_required");
  expect(pending.cookie).not.toBe("");
  const routes = (await routesOf(guarded.api)).filter((route) => !PUBLIC.has(label(route)));
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
    expect(reply.text, `the page ${path}`).not.toContain(guarded.username);
  }
  await pending.post("/api/auth/login/mfa", { code: guarded.takeRecoveryCode() });
  expect((await pending.get<{ username: string }>("/api/me")).username).toBe(guarded.username);
});

test("upstream defect 4a: the server makes the secret, keeps the old factor until the new one is confirmed, and asks for it", async ({ person }) => {
  const chosen = await person.api.refused("POST", "/api/account/mfa/enrol", { password: person.password, secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" });
  expect(chosen.status).toBe(400);
  expect((await person.api.refused("POST", "/api/account/mfa/enrol", { password: "not the password" })).status).toBe(401);
  await person.enrol();
  expect((await person.me()).mfa_enabled).toBe(true);
  // A stolen session with the password, but without the factor.
  const without = await person.api.refused("POST", "/api/account/mfa/enrol", { password: person.password });
  expect([400, 401]).toContain(without.status);
  const again = await person.api.post<Enrolment>("/api/account/mfa/enrol", { password: person.password, code: person.takeRecoveryCode() });
  const { id } = await person.launch();
  await person.lock(id);
  await person.api.post(`/api/security/terminal/${id}/mfa-unlock`, { code: await person.nextCode() });
  expect(again.secret).not.toBe("");
});

test("upstream defect 4b: a code works once, everywhere", async ({ guarded }) => {
  const [one, two] = [await guarded.launch(), await guarded.launch()];
  await guarded.lock(one.id);
  await guarded.lock(two.id);
  const code = await guarded.nextCode();
  const burnt = guarded.authenticator?.lastStep ?? 0;
  await guarded.api.post(`/api/security/terminal/${one.id}/mfa-verify`, { code });
  const earlier = guarded.authenticator?.codeOf(burnt - 1);
  for (const [path, body] of [
    [`/api/security/terminal/${one.id}/mfa-verify`, { code }],
    [`/api/security/terminal/${two.id}/mfa-verify`, { code }],
    [`/api/security/terminal/${two.id}/mfa-unlock`, { code: earlier }],
    ["/api/account/mfa/recovery-codes", { code }],
  ] as const) {
    expect((await guarded.api.refused("POST", path, body)).type, path).toBe("wrong_code");
  }
  expect((await attach(guarded.api, two.id)).status).toBe(423);
});

test("upstream defect 4c: guesses are counted over every place that takes a code, slowed down and written down", async ({ guarded }) => {
  const { id } = await guarded.launch();
  await guarded.lock(id);
  const places = [`/api/security/terminal/${id}/mfa-verify`, `/api/security/terminal/${id}/mfa-unlock`, "/api/account/mfa/recovery-codes"];
  let throttled: number | undefined;
  for (let guess = 0; guess < 12 && throttled === undefined; guess++) {
    const path = places[guess % places.length] ?? "";
    const spoofed = { headers: { "x-forwarded-for": `198.51.100.${guess}` } };
    const problem = await guarded.api.refused("POST", path, { code: guarded.wrongCode() }, spoofed);
    if (problem.status === 429) {
      throttled = guess;
      expect(problem.retry_after).toBeGreaterThanOrEqual(1);
    } else expect(problem.type).toBe("wrong_code");
  }
  expect(throttled, "the guess that is not looked at any more").toBeGreaterThanOrEqual(5);
  const right = await guarded.nextCode();
  for (const path of places) {
    const { status, headers } = await guarded.api.exchange("POST", path, { code: right });
    expect(status, "not even a right code is looked at").toBe(429);
    expect(Number(headers["retry-after"]), path).toBeGreaterThanOrEqual(1);
  }
  const { items } = await guarded.api.get<Page<AuditEvent>>("/api/account/audit?limit=200");
  const failures = items.filter((event) => event.outcome === "failure");
  expect(failures.length).toBeGreaterThanOrEqual(5);
  expect(failures.every((event) => event.address?.startsWith("127."))).toBe(true);
});

test("upstream defect 4d: one recovery code in many requests at once is spent by exactly one", async ({ guarded }) => {
  const made = await Promise.all([0, 1, 2, 3].map(() => guarded.launch()));
  for (const { id } of made) await guarded.lock(id);
  const code = guarded.takeRecoveryCode();
  const tries = made.map(({ id }) => guarded.api.exchange("POST", `/api/security/terminal/${id}/mfa-unlock`, { code }));
  const statuses = (await Promise.all(tries)).map((reply) => reply.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 200 || status === 401 || status === 429)).toHaveLength(4);
  expect((await guarded.me()).recovery_codes_left).toBe(9);
});

test("upstream defect 5: nothing of another tenant's terminal can be reached, by id or by name, by nobody", async ({ house, guarded, person }) => {
  const mine = await guarded.launch({ name: "target" });
  await person.launch({ name: "target" });
  const doors = (await routesOf(guarded.api)).filter(isAboutTerminal);
  for (const [who, stranger] of [["a stranger", person], ["an administrator", house.admin]] as const) {
    for (const door of doors) {
      for (const key of [mine.id, "target"]) {
        const body = door.method === "GET" ? undefined : /verify$|unlock$/.test(door.template) ? { code: "000000" } : {};
        const reply = await stranger.api.exchange(door.method, filled(door, key), body);
        expect(reply.status, `${who}: ${label(door)} with ${key}`).toBe(404);
      }
    }
    const missing = await stranger.api.refused("GET", `/api/terminals/${crypto.randomUUID()}`);
    const foreign = await stranger.api.refused("GET", `/api/terminals/${mine.id}`);
    expect({ ...foreign, request_id: "" }, "the two answers cannot be told apart").toEqual({ ...missing, request_id: "" });
  }
  expect((await guarded.terminal(mine.id)).state).toBe("running");
});

test("upstream defect 8: nothing internal is public, no account exists by default, an empty database works", async ({ house }) => {
  const nobody = new Api(house.server.origin);
  const routes = await routesOf(nobody);
  for (const route of routes.filter((route) => !PUBLIC.has(label(route)))) {
    const body = route.method === "GET" ? undefined : {};
    const problem = await nobody.refused(route.method, filled(route, crypto.randomUUID()), body);
    expect(problem.status, label(route)).toBe(401);
  }
  for (const path of ["/metrics", "/debug/pprof/", "/internal/terminals", "/api/internal", "/api/debug", "/.env", "/rexec.toml"]) {
    expect([401, 403, 404], path).toContain((await nobody.exchange("GET", path)).status);
  }
  for (const [username, password] of [["admin", "admin"], ["admin", "admin123"], ["root", "root"], ["rexec", "rexec"]]) {
    expect((await nobody.refused("POST", "/api/auth/login", { username, password })).status).toBe(401);
  }
  // A server that was started again prints no link any more; then any token stands for the used one.
  const link = house.server.setupLink;
  const used = link === undefined ? "A".repeat(43) : new URL(link).searchParams.get("token");
  const late = await nobody.refused("POST", "/api/setup", { token: used, username: "second", password: "a long enough password" });
  expect([403, 409]).toContain(late.status);
});

test("upstream defect 12: the home stays through rename, resize and restart, and goes with the terminal", async ({ house, person }) => {
  const { id } = await person.launch({ name: "before" });
  const write = await attached(person.api, id);
  write.type(" echo kept > ~/note; cat ~/note | tr a-z A-Z\r");
  await write.seen(/KEPT/);
  write.close();
  const tiers = await person.api.get<Page<{ name: string; default: boolean }>>("/api/tiers");
  const other = tiers.items.find((tier) => !tier.default)?.name ?? "";
  await person.api.ask("PATCH", `/api/terminals/${id}`, { name: "after" });
  await person.api.ask("PATCH", `/api/terminals/${id}`, { tier: other });
  expect(await person.terminal(id)).toMatchObject({ name: "after", tier: other, state: "running" });
  await person.api.post(`/api/terminals/${id}/stop`);
  await person.until(id, "stopped");
  await person.api.post(`/api/terminals/${id}/start`);
  await person.until(id, "running");
  const read = await attached(person.api, id);
  read.type(" cat ~/note | tr a-z A-Z\r");
  await read.seen(/KEPT/);
  read.close();
  const before = await remainsOf(house.server.instance);
  expect(before.volumes.length).toBeGreaterThan(0);
  await person.delete(id);
  await expect.poll(() => remainsOf(house.server.instance)).toEqual({ containers: [], volumes: [] });
  const fresh: Terminal = await person.launch({ name: "after" });
  const look = await attached(person.api, fresh.id);
  look.type(" ls ~/note; echo looked-$((1+1))\r");
  await look.seen(/looked-2/);
  expect(look.text).toMatch(/No such file/);
  look.close();
});

test("upstream defect 14: the container inside is the one the page describes", async ({ person }) => {
  const { id } = await person.launch();
  const socket = await attached(person.api, id, { cols: 200 });
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
