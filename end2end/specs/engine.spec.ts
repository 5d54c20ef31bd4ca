// An engine that does not do what it is asked. A proxy between server and engine modifies requests and responses.
import { createServer, request as ask, type Server as Listener } from "node:http";
import { join } from "node:path";

import { linkToken } from "../fixtures/api";
import { remainsOf } from "../fixtures/engine";
import { expect, test as base } from "../fixtures/test";
import { User } from "../fixtures/user";
import type { AuditView, Page, Problem, Terminal } from "../fixtures/contract";
import { Server } from "../fixtures/server";

type Json = Record<string, unknown>;
interface Wanted extends Json {
  HostConfig: Json;
}

/** What the proxy modifies: the request, and the description that is returned later. */
interface Lie {
  asked?: (body: Wanted) => void;
  told?: (description: Wanted) => void;
}

class Interpreter {
  lie: Lie = {};
  readonly path: string;
  private readonly listener: Listener;

  constructor(folder: string) {
    this.path = join(folder, "engine.sock");
    this.listener = createServer((near, answer) => {
      const made = near.method === "POST" && /\/containers\/create\?name=rexec-/.test(near.url ?? "");
      const described = near.method === "GET" && /\/containers\/rexec-[^/]*\/json/.test(near.url ?? "");
      const parts: Buffer[] = [];
      near.on("data", (part: Buffer) => parts.push(part));
      near.on("end", () => {
        const change = made && !(near.url ?? "").includes("probe") ? this.lie.asked : undefined;
        const body = changed(Buffer.concat(parts), change);
        const headers = { ...near.headers, "content-length": String(body.length) };
        delete headers["transfer-encoding"];
        const far = ask(
          { socketPath: "/var/run/docker.sock", method: near.method, path: near.url, headers },
          (reply) => {
            const pieces: Buffer[] = [];
            reply.on("data", (piece: Buffer) => pieces.push(piece));
            reply.on("end", () => {
              const good = described && reply.statusCode === 200;
              const text = changed(Buffer.concat(pieces), good ? this.lie.told : undefined);
              const bare = reply.statusCode === 204 || reply.statusCode === 304;
              const kept = { ...reply.headers };
              delete kept["transfer-encoding"];
              answer.writeHead(
                reply.statusCode ?? 502,
                bare ? kept : { ...kept, "content-length": String(text.length) },
              );
              answer.end(text);
            });
          },
        );
        far.on("error", () => answer.destroy());
        far.end(body);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((done) => this.listener.listen(this.path, done));
  }

  /** Stops answering. */
  async close(): Promise<void> {
    this.listener.closeAllConnections();
    await new Promise((done) => this.listener.close(done));
  }
}

function changed(text: Buffer, change: ((json: Wanted) => void) | undefined): Buffer {
  if (!change) return text;
  const json = JSON.parse(text.toString("utf8")) as Wanted;
  change(json);
  return Buffer.from(JSON.stringify(json));
}

/** A server that reaches the engine through the proxy, and its administrator. */
const test = base.extend<{ between: { server: Server; interpreter: Interpreter; admin: User } }>({
  between: async ({}, use) => {
    let opened: Interpreter | undefined;
    const server = await Server.fresh(async (home) => {
      opened = new Interpreter(home);
      await opened.listen();
      return `docker_host = "unix://${opened.path}"\n`;
    });
    if (!opened) throw new Error("there is no proxy");
    const interpreter = opened;
    const admin = new User(server.origin, "admin", "a sentence nobody guesses");
    const token = linkToken(server.setupLink ?? "");
    await admin.api.post("/api/setup", { token, username: admin.username, password: admin.password });
    await use({ server, interpreter, admin });
    await interpreter.close();
    expect(await server.dispose()).toEqual({ containers: [], volumes: [] });
  },
});

const list = (host: Json, key: string) => (host[key] ?? []) as unknown[];
const without = (host: Json, key: string, value: string) =>
  (host[key] = list(host, key).filter((one) => !String(one).endsWith(value)));

/** Each modification makes the container differ from the request in one control. */
const LIES: Record<string, Lie> = {
  "a capability more": { asked: ({ HostConfig: host }) => (host["CapAdd"] = [...list(host, "CapAdd"), "SYS_ADMIN"]) },
  privileged: { asked: ({ HostConfig: host }) => (host["Privileged"] = true) },
  "no filter of system calls": {
    asked: ({ HostConfig: host }) => (host["SecurityOpt"] = [...list(host, "SecurityOpt"), "seccomp=unconfined"]),
  },
  "a root file system that can be written": { asked: ({ HostConfig: host }) => (host["ReadonlyRootfs"] = false) },
  "more processes": { asked: ({ HostConfig: host }) => (host["PidsLimit"] = 4096) },
  "the host's network": { asked: ({ HostConfig: host }) => (host["NetworkMode"] = "host") },
  "a capability more that the engine keeps quiet about": {
    asked: ({ HostConfig: host }) => (host["CapAdd"] = [...list(host, "CapAdd"), "SYS_PTRACE"]),
    told: ({ HostConfig: host }) => without(host, "CapAdd", "SYS_PTRACE"),
  },
  "new privileges, told as none": {
    asked: ({ HostConfig: host }) => without(host, "SecurityOpt", "no-new-privileges:true"),
    told: ({ HostConfig: host }) => (host["SecurityOpt"] = ["no-new-privileges:true"]),
  },
};

/** The error of a failed launch: in the response or, if that takes too long, in its record. */
async function whyNot(who: User, instance: string): Promise<string> {
  const reply = await who.api.exchange("POST", "/api/terminals", { image: "debian" });
  const body = JSON.parse(reply.text) as Problem & Terminal;
  if (reply.status !== 202) {
    expect(reply.status).toBe(500);
    return body.detail;
  }
  await expect.poll(async () => (await who.terminal(body.id)).state).toBe("failed");
  const { error } = await who.terminal(body.id);
  expect((await remainsOf(instance)).containers, "gone with the refusal, not with the record").toEqual([]);
  await who.delete(body.id);
  return error ?? "";
}

test("a container that differs from its profile is destroyed before use, and a missing engine is reported", async ({
  between,
}) => {
  const { server, interpreter, admin } = between;
  for (const [what, lie] of Object.entries(LIES)) {
    interpreter.lie = lie;
    expect(await whyNot(admin, server.instance), what).toMatch(
      /not what the hardening profile says \(.+\), so it was not let to run. Tell your administrator/,
    );
    expect(await remainsOf(server.instance), what).toEqual({ containers: [], volumes: [] });
    expect(await admin.terminals(), what).toEqual([]);
  }
  const { items } = await admin.api.get<Page<AuditView>>("/api/admin/audit?event=terminal_create_failed&limit=200");
  expect(items).toHaveLength(Object.keys(LIES).length);
  expect(items.every(({ outcome, detail }) => outcome === "failure" && (detail ?? "") !== "")).toBe(true);
  interpreter.lie = {};
  const ready = async () => (await admin.api.exchange("GET", "/readyz")).status;
  await interpreter.close();
  expect(await ready()).toBe(503);
  const problem = await admin.api.refused("POST", "/api/terminals", { image: "debian" });
  expect(problem).toMatchObject({ status: 503, type: "unavailable" });
  expect(problem.detail).toMatch(/does not answer.*try again/);
  await interpreter.listen();
  await expect.poll(ready).toBe(200);
  const { id } = await admin.launch();
  await admin.delete(id);
});
