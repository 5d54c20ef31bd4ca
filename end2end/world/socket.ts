// A raw client of the terminal socket, below any browser: what is on the wire, frame by frame.
import WebSocket from "ws";

import type { Api } from "./api";

export interface Hello {
  position: number;
  cols: number;
  rows: number;
  writer: boolean;
  granted_until: string | null;
  pane: string;
}

export interface AttachOptions {
  cols?: number;
  rows?: number;
  pane?: string;
  from?: number;
  /** `Origin` header; the server's own when absent, none when null. */
  origin?: string | null;
  subprotocols?: string[];
}

/** What came of an attempt to attach: a socket, or the status of the refusal before the upgrade. */
export type Attached = { socket: Socket; status: 101 } | { socket: undefined; status: number; body: string };

const WAIT_MILLIS_MAX = 45_000;

export async function attach(api: Api, id: string, options: AttachOptions = {}): Promise<Attached> {
  const url = new URL(`/api/terminals/${id}/attach`, api.origin.replace(/^http/, "ws"));
  url.searchParams.set("cols", String(options.cols ?? 80));
  url.searchParams.set("rows", String(options.rows ?? 24));
  if (options.pane !== undefined) url.searchParams.set("pane", options.pane);
  if (options.from !== undefined) url.searchParams.set("from", String(options.from));
  const headers: Record<string, string> = {};
  if (api.cookie !== "") headers["cookie"] = api.cookie;
  const origin = options.origin === undefined ? api.origin : options.origin;
  if (origin !== null) headers["origin"] = origin;
  const raw = new WebSocket(url, options.subprotocols ?? ["rexec.v1"], { headers, perMessageDeflate: false });
  // Listens from the start: the first frames may come in one piece with the handshake.
  const socket = new Socket(raw);
  return new Promise((done, failed) => {
    raw.on("open", () => done({ socket, status: 101 }));
    raw.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (part: Buffer) => (body += part.toString("utf8")));
      response.on("end", () => done({ socket: undefined, status: response.statusCode ?? 0, body }));
    });
    raw.on("error", failed);
  });
}

/** Attaches where that must succeed. */
export async function attached(api: Api, id: string, options: AttachOptions = {}): Promise<Socket> {
  const result = await attach(api, id, options);
  if (!result.socket) throw new Error(`refused before the upgrade with ${result.status}: ${result.body}`);
  await result.socket.hello();
  return result.socket;
}

export class Socket {
  /** Every frame that came, in order. */
  readonly frames: Buffer[] = [];
  /** Output and snapshot bytes, in order. */
  private parts: Buffer[] = [];
  private code: number | undefined;
  private exit: number | undefined;
  private changed: (() => void)[] = [];

  constructor(private readonly raw: WebSocket) {
    raw.on("message", (data, binary) => {
      if (!binary) throw new Error("a text message on a socket of binary frames");
      this.take(data as Buffer);
    });
    raw.on("close", (code) => {
      this.code = code;
      this.tell();
    });
    raw.on("error", () => undefined);
  }

  /** Everything the shell has printed on this socket, as text. */
  get text(): string {
    return Buffer.concat(this.parts).toString("utf8");
  }

  /** Bytes of output so far. */
  get received(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }

  get isOpen(): boolean {
    return this.code === undefined;
  }

  type(text: string): void {
    this.send(Buffer.concat([Buffer.from([0x00]), Buffer.from(text, "utf8")]));
  }

  resize(cols: number, rows: number): void {
    const frame = Buffer.from([0x01, 0, 0, 0, 0]);
    frame.writeUInt16BE(cols, 1);
    frame.writeUInt16BE(rows, 3);
    this.send(frame);
  }

  ping(nonce: bigint): void {
    const frame = Buffer.alloc(9);
    frame[0] = 0x03;
    frame.writeBigUInt64BE(nonce, 1);
    this.send(frame);
  }

  /** Any bytes as one message. */
  send(message: Buffer | string): void {
    this.raw.send(message);
  }

  hello(): Promise<Hello> {
    return this.until("a Hello", () => {
      const first = this.frames[0];
      if (!first) return undefined;
      if (first[0] !== 0x80) throw new Error(`the first frame has the tag ${first[0]}`);
      return JSON.parse(first.subarray(1).toString("utf8")) as Hello;
    });
  }

  pong(nonce: bigint): Promise<true> {
    const is = (frame: Buffer) => frame[0] === 0x84 && frame.readBigUInt64BE(1) === nonce;
    return this.until("a Pong", () => (this.frames.some(is) ? true : undefined));
  }

  exited(): Promise<number> {
    return this.until("an Exit", () => this.exit);
  }

  closed(): Promise<number> {
    return this.until("the close", () => this.code);
  }

  seen(pattern: RegExp): Promise<string> {
    return this.until(String(pattern), () => pattern.exec(this.text)?.[0]);
  }

  /** Stops reading: what the server sends stays in the network's buffers. */
  pause(): void {
    this.raw.pause();
  }

  /** Ends it without a word, as a lost network does. */
  drop(): void {
    this.raw.terminate();
  }

  close(): void {
    this.raw.close();
  }

  private take(frame: Buffer): void {
    this.frames.push(frame);
    if (frame[0] === 0x81 || frame[0] === 0x82) {
      const position = frame.readBigUInt64BE(1);
      const bytes = frame.subarray(9);
      this.parts.push(bytes);
      this.acknowledge(frame[0] === 0x81 ? position + BigInt(bytes.length) : position);
    }
    if (frame[0] === 0x83) this.exit = frame.readInt32BE(1);
    this.tell();
  }

  private acknowledge(position: bigint): void {
    const ack = Buffer.alloc(9);
    ack[0] = 0x02;
    ack.writeBigUInt64BE(position, 1);
    if (this.raw.readyState === WebSocket.OPEN) this.raw.send(ack);
  }

  private until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((found, failed) => {
      const late = setTimeout(() => {
        failed(new Error(`waited for ${what}; the socket ${this.code === undefined ? "is open" : `closed with ${this.code}`}, last text: ${JSON.stringify(this.text.slice(-400))}`));
      }, WAIT_MILLIS_MAX);
      const check = () => {
        try {
          const value = look();
          if (value === undefined) return void this.changed.push(check);
          clearTimeout(late);
          found(value);
        } catch (error) {
          clearTimeout(late);
          failed(error instanceof Error ? error : new Error(String(error)));
        }
      };
      check();
    });
  }

  private tell(): void {
    const waiting = this.changed;
    this.changed = [];
    for (const check of waiting) check();
  }
}
