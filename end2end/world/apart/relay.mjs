// Inside the browser's network: hands every connection to the gateway's socket, which knows where it shall go.
import { connect, createServer } from "node:net";

const [socket, port] = process.argv.slice(2);

const relay = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ path: socket, allowHalfOpen: true });
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.resetAndDestroy());
});
relay.listen(Number(port), "127.0.0.1");
