// One running server: the real binary in an empty folder, with a data directory of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, type WriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

import { remainsOf, sweep, type Remains } from "./engine";

export const ROOT = resolve(import.meta.dirname, "../..");
const BINARY = resolve(ROOT, process.env["REXEC_BIN"] ?? "dist/rexec");
const READY_MILLIS_MAX = 30_000;
const STOP_MILLIS_MAX = 30_000;
export const ARTEFACTS = join(ROOT, "artefacts");

let count = 0;

export class Server {
  /** Origin, e.g. `http://127.0.0.1:41234`. */
  origin = "";
  /** The one-time link of the first start, when there was one. */
  setupLink: string | undefined;
  readonly dataDir: string;
  private readonly home: string;
  private readonly log: WriteStream;
  private process: ChildProcess | undefined;

  private constructor() {
    // Short: a socket per terminal lies below, and the kernel takes 108 bytes for its path.
    this.home = mkdtempSync(join(tmpdir(), "rexec-e2e-"));
    this.dataDir = join(this.home, "data");
    mkdirSync(join(ARTEFACTS, "logs"), { recursive: true });
    this.log = createWriteStream(join(ARTEFACTS, "logs", `server-${process.pid}-${++count}.txt`));
  }

  /** Starts a fresh server: no account, no terminal. */
  static async fresh(): Promise<Server> {
    const server = new Server();
    await server.start("127.0.0.1:0");
    return server;
  }

  /** Id of the instance, which every container and volume of it is labelled with. */
  get instance(): string {
    return readFileSync(join(this.dataDir, "instance"), "utf8").trim();
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Keeps the process from doing anything, as a machine without breath does; gives what lets it go on. */
  hold(): () => void {
    const child = this.process;
    child?.kill("SIGSTOP");
    return () => void child?.kill("SIGCONT");
  }

  /** Starts again with the same data directory on the same address. */
  async startAgain(): Promise<void> {
    await this.start(new URL(this.origin).host);
  }

  /** Asks it to end, and fails when it does not do so in time. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  /** Ends it for good. Answers what it left in the engine, after removing that. */
  async dispose(): Promise<Remains> {
    await this.stop();
    const instance = this.instance;
    const remains = await remainsOf(instance);
    await sweep(instance);
    this.log.end();
    rmSync(this.home, { recursive: true, force: true });
    return remains;
  }

  private async start(listen: string): Promise<void> {
    const child = spawn(BINARY, ["serve", "--listen", listen, "--data-dir", this.dataDir], {
      cwd: this.home,
      env: { PATH: process.env["PATH"] ?? "", REXEC_LOG: process.env["REXEC_LOG"] ?? "info" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    child.stderr.pipe(this.log, { end: false });
    this.adopt(await this.readyUrl(child));
  }

  private readyUrl(child: ChildProcess): Promise<URL> {
    return new Promise((found, failed) => {
      const late = setTimeout(() => {
        child.kill("SIGKILL");
        failed(new Error(`no ready line within ${READY_MILLIS_MAX} ms; its log is ${String(this.log.path)}`));
      }, READY_MILLIS_MAX);
      child.once("error", (error) => {
        clearTimeout(late);
        failed(error);
      });
      child.once("exit", (code) => {
        clearTimeout(late);
        failed(new Error(`the server ended with ${code} before it was ready; its log is ${String(this.log.path)}`));
      });
      if (!child.stdout) return failed(new Error("no standard output"));
      createInterface({ input: child.stdout }).on("line", (line) => {
        // The set-up token is a secret even in a log of tests; everything else may be read there.
        this.log.write(`stdout: ${line.replace(/token=\S+/, "token=…")}\n`);
        const url = /^Rexec is ready: (\S+)/.exec(line)?.[1];
        if (url === undefined) return;
        clearTimeout(late);
        found(new URL(url));
      });
    });
  }

  private adopt(url: URL): void {
    this.origin = url.origin;
    this.setupLink = url.searchParams.has("token") ? url.href : undefined;
  }

  private async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, STOP_MILLIS_MAX);
    await ended;
    clearTimeout(timer);
    if (late) throw new Error(`the server did not end within ${STOP_MILLIS_MAX} ms after ${signal}`);
  }
}
