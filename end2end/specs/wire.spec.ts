// The terminal socket of the running binary, without a browser.
import { expect, test } from "../fixtures/test";
import { attached } from "../fixtures/socket";

test("a raw socket gets hello, output, pongs, a new size and the exit status", async ({ user }) => {
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

test("a client that never reads does not delay another", async ({ user }) => {
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

test("locking during output closes every reading socket with the code of the lock", async ({ userWithFactor }) => {
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

test("a character split between two messages arrives complete", async ({ user }) => {
  const { id } = await user.launch();
  const socket = await attached(user.api, id);
  const bytes = Buffer.from(" printf %s 漢🙂 | od -An -tx1\r");
  for (const byte of bytes) socket.send(Buffer.from([0x00, byte]));
  await socket.seen(/e6 bc a2 f0 9f 99 82/);
  socket.close();
});
