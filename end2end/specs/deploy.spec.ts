// Deployment files: the systemd unit, and the container file, used as its first lines
// describe.
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { linkToken } from "../fixtures/api";
import { docker, remainsOf, sweep } from "../fixtures/engine";
import { expect, test } from "../fixtures/test";
import { User } from "../fixtures/user";
import { ROOT } from "../fixtures/server";
import { attached } from "../fixtures/socket";

const BINARY = resolve(ROOT, process.env["REXEC_BIN"] ?? "dist/rexec");

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

test("the systemd unit uses valid arguments", async () => {
  const unit = readFileSync(join(ROOT, "deploy/rexec.service"), "utf8");
  const [program, command, ...flags] = /^ExecStart=(.+)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  expect([program, command]).toEqual(["/usr/local/bin/rexec", "serve"]);
  const place = (flag: string) => flag.replace("/etc/rexec/rexec.toml", join(ROOT, "rexec.example.toml"));
  const { stdout } = await promisify(execFile)(BINARY, ["config", "check", ...flags.map(place)]);
  expect(stdout).toContain("The configuration can be used.");
  expect(stdout, "where the unit may write").toMatch(/data +\/var\/lib\/rexec\n/);
  expect(unit).toMatch(/^ReadWritePaths=\/var\/lib\/rexec$/m);
});

test("the server runs in a container and creates terminals on the host's engine", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rexec-img-"));
  const [context, data] = [join(folder, "context"), join(folder, "data")];
  mkdirSync(join(context, "dist"), { recursive: true });
  mkdirSync(data);
  copyFileSync(BINARY, join(context, "dist/rexec"));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const name = `rexec-e2e-server-${port}`;
  try {
    await docker("build", "--quiet", "--file", join(ROOT, "deploy/Dockerfile"), "--tag", `rexec-test/${name}`, context);
    const settings = ["--env", `REXEC_DATA_DIR=${data}`, "--env", `REXEC_PUBLIC_URL=${origin}`];
    const mounts = ["--volume", "/var/run/docker.sock:/var/run/docker.sock", "--volume", `${data}:${data}`];
    await docker(
      "run",
      "--detach",
      "--name",
      name,
      "--publish",
      `127.0.0.1:${port}:8080`,
      ...mounts,
      ...settings,
      `rexec-test/${name}`,
    );
    const link = async () =>
      (await docker("logs", name))
        .map((line) => /^Rexec is ready: (\S+)/.exec(line)?.[1])
        .find((url) => url !== undefined);
    await expect.poll(link).toContain(`${origin}/setup#token=`);
    const ada = new User(origin, "ada", "a sentence nobody guesses");
    const token = linkToken((await link()) ?? "");
    await ada.api.post("/api/setup", { token, username: ada.username, password: ada.password });
    const { id } = await ada.launch();
    const socket = await attached(ada.api, id);
    socket.type(" echo inside-$((1+1))\r");
    await socket.seen(/inside-2/);
    socket.close();
    await ada.delete(id);
    // Readable by the server's user only.
    const [instance = ""] = await docker("exec", name, "cat", join(data, "instance"));
    expect(instance).toMatch(/^[0-9a-f-]{36}$/);
    expect(await remainsOf(instance)).toEqual({ containers: [], volumes: [] });
    await sweep(instance);
  } finally {
    await docker("rm", "--force", name).catch(() => undefined);
    // The files belong to root, and the tests may run as another user.
    await docker("run", "--rm", "--volume", `${folder}:/left`, "rexec/debian:1", "rm", "-rf", "/left/data").catch(
      () => undefined,
    );
    await docker("rmi", "--force", `rexec-test/${name}`).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
});
