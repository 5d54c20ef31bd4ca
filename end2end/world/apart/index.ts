// The browser lives in a network of its own, as a visitor's does. On the machine's own network it would abort whatever
// it is loading (ERR_NETWORK_CHANGED) each time the engine gives a new container an interface.
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Inside the browser's network nothing else listens. */
const PORT = 1080;
const WAYS = ["--net", "--map-root-user --net"];

const possible = (flags: string) => spawnSync("unshare", [...flags.split(" "), "--", "ip", "link", "set", "lo", "up"]).status === 0;

/** What to start in place of the browser, with which arguments before the browser's own, and in which environment. */
export function apart(browser: string): { executablePath: string; args: string[]; env: NodeJS.ProcessEnv } {
  // Each project asks, and workers read the configuration again: all inherit what the first decided.
  if (process.env["REXEC_APART_FLAGS"] === undefined) {
    process.env["REXEC_APART_FLAGS"] = WAYS.find(possible) ?? "";
    if (process.env["REXEC_APART_FLAGS"] === "") {
      console.warn("note: no network namespaces here (unshare --net): the browser shares this machine's network and may abort requests when a container starts");
    }
  }
  if (process.env["REXEC_APART_FLAGS"] === "") return { executablePath: browser, args: [], env: process.env };
  process.env["REXEC_APART_SOCKET"] ??= join(mkdtempSync(join(tmpdir(), "rexec-gate-")), "socket");
  process.env["REXEC_APART_PORT"] = String(PORT);
  return {
    executablePath: resolve(import.meta.dirname, "browser"),
    args: [`--proxy-server=socks5://127.0.0.1:${PORT}`, "--proxy-bypass-list=<-loopback>"],
    env: { ...process.env, REXEC_APART_BROWSER: browser },
  };
}
