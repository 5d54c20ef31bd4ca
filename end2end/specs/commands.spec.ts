// The command line: configuration, doctor, reset link, and commands that do not exist.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { Api, linkToken } from "../fixtures/api";
import { expect, test } from "../fixtures/test";
import { ROOT } from "../fixtures/server";

const BINARY = resolve(ROOT, process.env["REXEC_BIN"] ?? "dist/rexec");

interface Said {
  status: number;
  out: string;
  err: string;
}

/** Runs the program with this standard output. */
async function into(file: string, args: string[]): Promise<Omit<Said, "out">> {
  const run = promisify(execFile)("/bin/sh", ["-c", 'exec "$0" "$@" >"$FILE"', BINARY, ...args], {
    env: { FILE: file },
    timeout: 60_000,
  });
  return await run.then(
    ({ stderr: err }) => ({ status: 0, err }),
    ({ code, stderr: err }: { code: number; stderr: string }) => ({ status: code, err }),
  );
}

/** Runs the program in a directory with this configuration file or none, and these variables only. */
async function rexec(args: string[], settings: Record<string, string> = {}, file?: string): Promise<Said> {
  const cwd = mkdtempSync(join(tmpdir(), "rexec-cmd-"));
  if (file !== undefined) writeFileSync(join(cwd, "rexec.toml"), file);
  const env = { PATH: process.env["PATH"] ?? "", ...settings };
  const said = await new Promise<Said>((done) => {
    execFile(BINARY, args, { cwd, env, timeout: 60_000 }, (error, out, err) => {
      const status = error ? (typeof error.code === "number" ? error.code : -1) : 0;
      done({ status, out, err });
    });
  });
  rmSync(cwd, { recursive: true, force: true });
  return said;
}

test("config check prints the effective configuration or all errors", async () => {
  const good = await rexec(["config", "check"], {
    REXEC_LISTEN: "127.0.0.1:9",
    REXEC_DATABASE_URL: "postgres://u:secret-word@db.example/rexec",
  });
  expect(good).toMatchObject({ status: 0, err: "" });
  expect(good.out).toMatch(/can be used[^]*127\.0\.0\.1:9[^]*PostgreSQL/);
  expect(good.out).not.toContain("secret-word");
  expect((await rexec(["config", "check"])).out).toMatch(/127\.0\.0\.1:8080[^]*embedded SQLite/);
  const bad = await rexec(["config", "check"], {
    REXEC_LISTEN: "nowhere",
    REXEC_PUBLIC_URL: "http://far.example",
    REXEC_TRUSTED_PROXIES: "x",
  });
  expect(bad.status).toBe(1);
  for (const name of ["listen", "public_url", "trusted_proxies"]) expect(bad.err, name).toContain(name);
});

test("failing output is reported with an exit status", async () => {
  for (const args of [["config", "check"], ["doctor"], ["doctor", "--json"]]) {
    const { status, err } = await into("/dev/full", args);
    expect({ status, err }, args.join(" ")).toEqual({
      status: 1,
      err: "rexec: No space left on device (os error 28)\n",
    });
  }
});

test("flags override variables, variables the file, the file the defaults", async () => {
  const file = 'listen = "127.0.0.1:1"\ndata_dir = "of-the-file"\npublic_url = "https://file.example"\n';
  const { status, out } = await rexec(
    ["config", "check", "--listen", "127.0.0.1:3"],
    { REXEC_LISTEN: "127.0.0.1:2", REXEC_DATA_DIR: "of-the-variable" },
    file,
  );
  expect(status).toBe(0);
  expect(out).toMatch(
    /listen +127\.0\.0\.1:3\n +public +https:\/\/file\.example\n +data +of-the-variable\n +database +embedded/,
  );
});

test("doctor describes the machine as text and as JSON", async () => {
  const [told, listed] = [await rexec(["doctor"]), await rexec(["doctor", "--json"])];
  const findings = JSON.parse(listed.out) as { level: string; title: string; seen: string; advice: string | null }[];
  expect(findings.length).toBeGreaterThanOrEqual(5);
  for (const { title, seen } of findings) expect(told.out).toContain(`${title}: ${seen}`);
  for (const { level, advice } of findings)
    if (level !== "good") expect(advice ?? "", "what to do about it").not.toBe("");
  const status = findings.some(({ level }) => level === "broken") ? 1 : 0;
  expect([told.status, listed.status]).toEqual([status, status]);
  const nowhere = await rexec(["doctor"], { REXEC_DOCKER_HOST: "unix:///nowhere/engine.sock" });
  expect(nowhere.status).toBe(1);
  expect(nowhere.out).toMatch(/BROKEN/);
});

test("a directory without a database is reported and stays empty", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rexec-none-"));
  const { status, err } = await rexec(["admin", "reset-link", "ada", "--data-dir", folder]);
  expect(status).toBe(1);
  expect(err).toContain("there is no database");
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test("an unknown variable is reported", async () => {
  const { status, out } = await rexec(["config", "check"], { REXEC_DATADIR: "elsewhere" });
  expect(status).toBe(0);
  expect(out).toContain("REXEC_DATADIR is no setting");
});

test("a reset link made on the command line sets a password once", async ({ environment, user }) => {
  const where = ["--data-dir", environment.server.dataDir];
  expect((await rexec(["admin", "reset-link", "nobody-here", ...where])).status).toBe(1);
  const { status, out } = await rexec(["admin", "reset-link", user.username, ...where]);
  expect(status).toBe(0);
  const link = new URL(out.trim());
  expect(link.origin).toBe(environment.server.origin);
  const choice = { token: linkToken(link.href), password: "an entirely new sentence" };
  await new Api(user.origin).post("/api/invite", choice);
  expect((await user.api.refused("GET", "/api/me")).status, "the old logins end").toBe(401);
  expect((await new Api(user.origin).refused("POST", "/api/invite", choice)).type).toBe("stale_link");
  user.password = choice.password;
  await user.signIn();
});

test("the audit log is verified on the command line, with a checkpoint that was kept", async ({ environment, user }) => {
  const where = ["--data-dir", environment.server.dataDir];
  const folder = mkdtempSync(join(tmpdir(), "rexec-checkpoint-"));
  const file = join(folder, "kept");
  const made = await rexec(["audit", "checkpoint", ...where]);
  expect(made.status).toBe(0);
  expect(made.out).toMatch(/^rexec-checkpoint \d+ \S+ [0-9a-f]{64} [0-9a-f]{64}\n$/);
  writeFileSync(file, made.out);
  await user.api.get("/api/me");
  const intact = await rexec(["audit", "verify", "--checkpoint", file, ...where]);
  expect([intact.status, intact.out]).toEqual([0, expect.stringContaining("1 checkpoint is on it.")]);
  writeFileSync(file, made.out.replace(/^rexec-checkpoint \d+/, "rexec-checkpoint 1000000"));
  expect((await rexec(["audit", "verify", "--checkpoint", file, ...where])).status).toBe(1);
  rmSync(folder, { recursive: true });
});

test("features that are not built have no command", async () => {
  for (const command of [
    ["keys", "rotate"],
    ["backup", "x"],
    ["restore", "x"],
  ]) {
    expect((await rexec(command)).status, command.join(" ")).toBe(2);
  }
});
