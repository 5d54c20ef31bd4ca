// The terminal socket as a program sees it: who is let in, what is on the wire, what a hostile client comes to.
import { Api } from "../fixtures/api";
import { expect, test } from "../fixtures/test";
import { attach, attached } from "../fixtures/socket";

test("a shell on the wire: hello first, then bytes, pings, a new size, the exit status", async ({ user }) => {
  const { id } = await user.launch();
  const socket = await attached(user.api, id, { cols: 100, rows: 30 });
  expect(await socket.hello()).toMatchObject({ cols: 100, rows: 30, writer: true, granted_until: null, pane: "main" });
  socket.type(" echo sum-$((40+2))\r");
  await socket.seen(/sum-42/);
  socket.ping(0x0102030405060708n);
  await socket.pong(0x0102030405060708n);
  socket.resize(120, 40);
  socket.type(" stty size\r");
  await socket.seen(/40 120/);
  socket.type(" exit 7\r");
  expect(await socket.exited()).toBe(7);
  expect(await socket.closed()).toBe(4000);
});

test("output carries its positions, and a client that names one gets the rest", async ({ user }) => {
  const { id } = await user.launch();
  const first = await attached(user.api, id);
  first.type(" echo one-$((1+0))\r");
  await first.seen(/one-1/);
  let expected: bigint | undefined;
  for (const frame of first.frames) {
    if (frame[0] !== 0x81) continue;
    const position = frame.readBigUInt64BE(1);
    if (expected !== undefined) expect(position).toBe(expected);
    expected = position + BigInt(frame.length - 9);
  }
  first.drop();
  const second = await attached(user.api, id, { from: Number(expected) });
  second.type(" echo two-$((1+1))\r");
  await second.seen(/two-2/);
  expect(second.text).not.toContain("one-1");
  second.close();
});

test("a client without a position gets a picture of the screen", async ({ user }) => {
  const { id } = await user.launch();
  const first = await attached(user.api, id);
  first.type(" echo here-$((6*7))\r");
  await first.seen(/here-42/);
  first.close();
  const second = await attached(user.api, id);
  await second.seen(/here-42/);
  expect(second.frames[1]?.[0]).toBe(0x82);
  second.close();
});

test("panes are shells of their own in one terminal", async ({ user }) => {
  const { id } = await user.launch();
  const main = await attached(user.api, id);
  const side = await attached(user.api, id, { pane: "side" });
  main.type(" where=main; echo in-$where\r");
  await main.seen(/in-main/);
  side.type(" echo in-${where:-nowhere}\r");
  await side.seen(/in-nowhere/);
  main.close();
  side.close();
});

test("refusals come before the upgrade, with their status", async ({ environment, user, userWithFactor }) => {
  const { id } = await user.launch();
  const own = await userWithFactor.launch();
  expect((await attach(new Api(environment.server.origin), id)).status, "nobody").toBe(401);
  expect((await attach(userWithFactor.api, id)).status, "not yours").toBe(404);
  expect((await attach(environment.admin.api, id)).status, "not the administrator's either").toBe(404);
  expect((await attach(user.api, crypto.randomUUID())).status, "not there").toBe(404);
  await userWithFactor.lock(own.id);
  expect((await attach(userWithFactor.api, own.id)).status, "locked").toBe(423);
  await user.api.post(`/api/terminals/${id}/stop`);
  await user.until(id, "stopped");
  expect((await attach(user.api, id)).status, "stopped").toBe(409);
});

test("foreign pages cannot open the socket, whatever their address looks like", async ({ user }) => {
  const { id } = await user.launch();
  const { host, port } = new URL(user.origin);
  const foreign = [
    null,
    "null",
    "",
    "https://attacker.example",
    `https://${host}`,
    `http://${host}.attacker.example`,
    `http://attacker.example:${port}`,
    `http://127.0.0.1:${Number(port) + 1}`,
    `http://${host}@attacker.example`,
    `http://${host}/`,
    `${user.origin}, https://attacker.example`,
  ];
  for (const origin of foreign) {
    expect((await attach(user.api, id, { origin })).status, `Origin: ${String(origin)}`).toBe(403);
  }
  const mine = await attached(user.api, id);
  mine.close();
});

test("messages that are no frames end the socket, and nothing else", async ({ user }) => {
  const { id } = await user.launch();
  const bad: [string, Buffer | string][] = [
    ["empty", Buffer.alloc(0)],
    ["unknown tag", Buffer.from([0x7f])],
    ["a server's tag", Buffer.from([0x81, 0, 0, 0, 0, 0, 0, 0, 0, 65])],
    ["a short size", Buffer.from([0x01, 0, 80])],
    ["a long ping", Buffer.alloc(10, 3)],
    ["text", "ls\r"],
  ];
  for (const [what, message] of bad) {
    const socket = await attached(user.api, id);
    socket.send(message);
    expect(await socket.closed(), what).toBe(4400);
  }
  const socket = await attached(user.api, id);
  socket.send(Buffer.alloc(10 * 1024 * 1024));
  expect([1006, 1009, 4400], "10 MB at once").toContain(await socket.closed());
  const still = await attached(user.api, id);
  still.type(" echo alive-$((2+3))\r");
  await still.seen(/alive-5/);
  still.close();
});

test("a client that never reads what it asked for does not hold up another", async ({ user }) => {
  const { id } = await user.launch();
  const flood = await attached(user.api, id, { pane: "flood" });
  flood.pause();
  flood.type(" yes\r");
  const other = await attached(user.api, id);
  for (let i = 1; i <= 20; i++) {
    other.type(` echo turn-$((${i}+0))\r`);
    await other.seen(new RegExp(`turn-${i}\\b`));
  }
  flood.drop();
  other.close();
});

test("whenever a terminal is locked while it prints, every socket that reads ends with the code of the lock; how long that took is told", async ({
  userWithFactor,
}) => {
  const { id } = await userWithFactor.launch();
  const took: number[] = [];
  for (let round = 0; round < 8; round++) {
    if (round > 0)
      await userWithFactor.api.post(`/api/security/terminal/${id}/mfa-verify`, {
        code: userWithFactor.takeRecoveryCode(),
      });
    const sockets = await Promise.all(Array.from({ length: 7 }, () => attached(userWithFactor.api, id)));
    sockets[0]?.type(" while :; do echo tick; sleep 0.01; done\r");
    await Promise.all(sockets.map((socket) => socket.seen(/tick/)));
    const asked = performance.now();
    const ends = sockets.map((socket) => socket.closed().then((code) => [code, performance.now() - asked] as const));
    await userWithFactor.lock(id);
    for (const [code, millis] of await Promise.all(ends)) {
      expect(code).toBe(4423);
      took.push(millis);
    }
  }
  took.sort((a, b) => a - b);
  const at = (percent: number) => took[Math.ceil((percent / 100) * took.length) - 1] ?? NaN;
  // The target is 250 ms. A test beside others on a busy machine proves no time: the bench measures it.
  console.log(`cut of ${took.length} sockets: p50 ${at(50).toFixed(1)} ms, p99 ${at(99).toFixed(1)} ms`);
});

test("a character that is split between two messages arrives whole", async ({ user }) => {
  const { id } = await user.launch();
  const socket = await attached(user.api, id);
  const bytes = Buffer.from(" printf %s 漢🙂 | od -An -tx1\r");
  for (const byte of bytes) socket.send(Buffer.from([0x00, byte]));
  await socket.seen(/e6 bc a2 f0 9f 99 82/);
  socket.close();
});
