// A program that talks to the REST routes: one cookie jar, exact headers, every status visible. A browser hides what a
// hostile or plain program can send, so these requests are made below it.
import { request as send } from "node:http";

import type { Problem } from "./contract";

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface Extra {
  /** More headers; they replace the usual ones of the same name. */
  headers?: Record<string, string>;
  /** The `Origin` header; the server's own when absent, none when null. */
  origin?: string | null;
}

/** A refusal where an answer was expected. */
export class Refused extends Error {
  constructor(
    readonly what: string,
    readonly reply: Reply,
  ) {
    super(`${what}: ${reply.status} ${reply.text.slice(0, 300)}`);
  }
}

const ANSWER_MILLIS_MAX = 60_000;

export class Api {
  private readonly jar = new Map<string, string>();

  constructor(readonly origin: string) {}

  /** The cookies as a `Cookie` header. */
  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** The cookies, to be put into a browser. */
  get cookies(): { name: string; value: string }[] {
    return [...this.jar].map(([name, value]) => ({ name, value }));
  }

  /** Another program with a copy of these cookies: a thief of the session. */
  copy(): Api {
    const other = new Api(this.origin);
    for (const [name, value] of this.jar) other.jar.set(name, value);
    return other;
  }

  /** One exchange, whatever it comes to. */
  exchange(method: string, path: string, body?: unknown, extra: Extra = {}): Promise<Reply> {
    const headers: Record<string, string> = {};
    if (this.jar.size > 0) headers["cookie"] = this.cookie;
    if (extra.origin !== null) headers["origin"] = extra.origin ?? this.origin;
    const payload = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    if (payload !== undefined) {
      headers["content-type"] = "application/json";
      headers["content-length"] = String(Buffer.byteLength(payload));
    }
    Object.assign(headers, extra.headers);
    return new Promise((answered, failed) => {
      const request = send(new URL(path, this.origin), { method, headers, timeout: ANSWER_MILLIS_MAX }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", failed);
        response.on("end", () => {
          for (const line of response.headers["set-cookie"] ?? []) this.keep(line);
          const text = Buffer.concat(parts).toString("utf8");
          answered({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      request.on("timeout", () => request.destroy(new Error(`${method} ${path}: no answer`)));
      request.on("error", failed);
      request.end(payload);
    });
  }

  /** An exchange that must succeed. */
  async ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const reply = await this.exchange(method, path, body);
    if (reply.status < 200 || reply.status > 299) throw new Refused(`${method} ${path}`, reply);
    return (reply.text === "" ? undefined : JSON.parse(reply.text)) as T;
  }

  get<T = unknown>(path: string): Promise<T> {
    return this.ask<T>("GET", path);
  }

  post<T = unknown>(path: string, body?: unknown): Promise<T> {
    return this.ask<T>("POST", path, body);
  }

  /** An exchange that must be refused; checks the form that every refusal has, and gives the problem. */
  async refused(method: string, path: string, body?: unknown, extra: Extra = {}): Promise<Problem> {
    const reply = await this.exchange(method, path, body, extra);
    if (reply.status < 400) throw new Error(`${method} ${path} was answered with ${reply.status}, not refused`);
    const kind = reply.headers["content-type"];
    if (kind !== "application/problem+json") throw new Error(`${method} ${path} was refused as ${String(kind)}`);
    const problem = JSON.parse(reply.text) as Problem;
    if (problem.status !== reply.status) throw new Error(`${method} ${path}: status ${reply.status}, body ${reply.text}`);
    return problem;
  }

  private keep(line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const cut = pair.indexOf("=");
    const [name, value] = [pair.slice(0, cut), pair.slice(cut + 1)];
    const gone = value === "" || attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute));
    if (gone) this.jar.delete(name);
    else this.jar.set(name, value);
  }
}
