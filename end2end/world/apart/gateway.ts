// Outside the browser's network: a SOCKS5 proxy (RFC 1928) on a Unix socket that leads to this machine's loopback only.
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname } from "node:path";

const VERSION = 5;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const GRANTED = 0;
const NOT_ALLOWED = 2;
const REFUSED = 5;

/** Reads exactly what it is asked for; what came after it stays in the stream. */
async function take(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const found = socket.read(bytes) as Buffer | null;
    if (found) return found;
    if (socket.readableEnded || socket.destroyed) throw new Error("ended early");
    await Promise.race([once(socket, "readable"), once(socket, "end"), once(socket, "close")]);
  }
}

/** Where the browser wants to go. */
async function wanted(near: Socket): Promise<{ host: string; port: number }> {
  const methods = (await take(near, 2)).readUInt8(1);
  await take(near, methods);
  near.write(Buffer.from([VERSION, 0]));
  const request = await take(near, 4);
  if (request.readUInt8(1) !== CONNECT) throw new Error("only CONNECT is known");
  const kind = request.readUInt8(3);
  let host: string;
  if (kind === IPV4) host = [...(await take(near, 4))].join(".");
  else if (kind === NAME) host = (await take(near, (await take(near, 1)).readUInt8(0))).toString("latin1");
  else throw new Error("only IPv4 and names are known");
  return { host, port: (await take(near, 2)).readUInt16BE(0) };
}

const answer = (code: number) => Buffer.from([VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0]);

async function lead(near: Socket): Promise<void> {
  const { host, port } = await wanted(near);
  if (host !== "127.0.0.1" && host !== "localhost") {
    near.end(answer(NOT_ALLOWED));
    return;
  }
  const far = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  let granted = false;
  far.once("connect", () => {
    granted = true;
    near.write(answer(GRANTED));
    near.pipe(far).pipe(near);
  });
  far.once("error", () => {
    if (granted) near.destroy();
    else near.end(answer(REFUSED));
  });
  near.once("error", () => far.destroy());
}

/** Runs once, before all stories; what it answers is run after them. */
export default async function open(): Promise<(() => void) | undefined> {
  const path = process.env["REXEC_APART_SOCKET"];
  if (path === undefined) return undefined;
  mkdirSync(dirname(path), { recursive: true });
  const gateway = createServer({ allowHalfOpen: true }, (near) => {
    near.on("error", () => near.destroy());
    lead(near).catch(() => near.destroy());
  });
  gateway.listen(path);
  await once(gateway, "listening");
  return () => {
    gateway.close();
    rmSync(dirname(path), { recursive: true, force: true });
  };
}
