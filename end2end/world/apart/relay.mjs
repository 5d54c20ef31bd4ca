// Inside the browser's network: hands every connection to the gateway's socket, which knows where it shall go.
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setInterval } from "node:timers";

const [socket, port, browser, mark] = process.argv.slice(2);

const relay = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ path: socket, allowHalfOpen: true });
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.resetAndDestroy());
});
// Who waits for it looks for this file.
relay.listen(Number(port), "127.0.0.1", () => writeFileSync(mark, ""));

// The browser is the parent. When it ends, so does this: as long as somebody holds the browser's output open, Playwright
// waits for the browser, half a minute for each worker.
setInterval(() => {
  if (process.ppid !== Number(browser)) process.exit(0);
}, 50).unref();
