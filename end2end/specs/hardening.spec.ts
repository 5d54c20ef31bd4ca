// The hardening of a container, from inside, as the engine describes it, and in the Security panel.
import { TerminalPage } from "../pages/terminal";
import type { SecurityReport } from "../fixtures/contract";
import { docker, inspect } from "../fixtures/engine";
import { shell } from "../fixtures/socket";
import { expect, test } from "../fixtures/test";

interface HostConfig {
  Privileged: boolean;
  ReadonlyRootfs: boolean;
  CapAdd: string[];
  CapDrop: string[];
  SecurityOpt: string[];
  PidsLimit: number;
  Memory: number;
  MemorySwap: number;
  NanoCpus: number;
  CpuQuota: number;
  Tmpfs: Record<string, string>;
  PidMode: string;
  IpcMode: string;
  UsernsMode: string;
  NetworkMode: string;
  Devices: unknown[] | null;
  Sysctls: Record<string, string>;
  MaskedPaths: string[];
  ReadonlyPaths: string[];
  Ulimits: { Name: string; Soft: number; Hard: number }[];
  Binds: string[] | null;
  PortBindings: Record<string, unknown> | null;
  LogConfig: { Type: string };
  RestartPolicy: { Name: string };
}

/** What the engine masks by default, read from a plain container that is never started. */
async function engineDefaults(): Promise<HostConfig> {
  const [id = ""] = await docker("create", "rexec/debian:1", "true");
  try {
    return (await inspect(id))["HostConfig"] as HostConfig;
  } finally {
    await docker("rm", id);
  }
}

const MASKED = [
  ...["acpi", "asound", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug", "scsi"].map(
    (name) => `/proc/${name}`,
  ),
  ...["/sys/firmware", "/sys/devices/virtual/powercap", "/sys/kernel"],
];
const READ_ONLY = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map((name) => `/proc/${name}`);

test("inside: an unprivileged user, at most seven capabilities, a read-only root filesystem", async ({ running }) => {
  const terminal = await shell(running.user.api, running.id);
  expect(await terminal.run("id -u; id -un")).toBe("1000\nuser");
  const caps = await terminal.run("grep Cap /proc/self/status");
  expect(caps).toMatch(/CapEff:\t? *0000000000000000/);
  expect(caps).toMatch(/CapBnd:\t? *00000000000004eb/);
  expect(await terminal.run("grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -s '[:space:]' ' '")).toContain(
    "NoNewPrivs: 1 Seccomp: 2",
  );
  expect(await terminal.run("touch /x /etc/x /usr/bin/x 2>&1 | grep -c 'Read-only\\|Permission'")).toBe("3");
  const mounts = await terminal.run(
    "grep -E ' (/|/tmp|/var/tmp|/run|/home/user) ' /proc/self/mounts | cut -d' ' -f2,4 | cut -c1-60",
  );
  expect(mounts).toMatch(/^\/ ro/m);
  for (const path of ["/tmp", "/var/tmp", "/run"]) {
    const line = mounts.split("\n").findLast((line) => line.startsWith(`${path} `)) ?? "";
    for (const flag of ["rw", "noexec", "nosuid", "nodev"]) expect(line, path).toContain(flag);
  }
  expect(await terminal.run("df -m --output=target,size /tmp /var/tmp /run /root | tail -n +2 | tr -s ' '")).toBe(
    "/tmp 100\n/var/tmp 50\n/run 50\n/root 50",
  );
  expect(await terminal.run("sudo sh -c 'cp /bin/true /root/t && /root/t && echo runs in /root'")).toBe(
    "runs in /root",
  );
  expect(await terminal.run("echo works > ~/file; cat ~/file")).toBe("works");
  expect(await terminal.run("find / -xdev -perm /6000 -type f 2>/dev/null | wc -l")).toBe("0");
  expect(await terminal.run("echo 1 > /proc/sys/kernel/sysrq; echo status=$?")).toContain("status=1");
  expect(await terminal.run("cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c")).toBe("0");
  expect(await terminal.run("unshare -Ur true 2>/dev/null; echo $?")).not.toBe("0");
  expect(await terminal.run("grep -c '^CapBnd:.*00000000000004eb$' /proc/1/status")).toBe("1");
  expect(await terminal.run("touch /usr/x 2>&1")).toContain("cannot touch '/usr/x': Read-only file system");
  expect(await terminal.run("cp /bin/true /tmp/t; /tmp/t 2>/dev/null; echo ran=$?")).toBe("ran=126");
  const most = "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null";
  expect(await terminal.run(most)).toBe("256");
  terminal.close();
});

test("outside: the engine's description matches the profile", async ({ running }) => {
  const containers = await docker("ps", "--quiet", "--filter", `label=rexec.terminal=${running.id}`);
  expect(containers).toHaveLength(1);
  const description = await inspect(containers[0] ?? "");
  const host = description["HostConfig"] as HostConfig;
  expect(host.Privileged).toBe(false);
  expect(host.ReadonlyRootfs).toBe(true);
  expect(host.CapDrop).toEqual(["ALL"]);
  const caps = host.CapAdd.map((cap) => cap.replace(/^CAP_/, "")).sort();
  expect(caps).toEqual(["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"]);
  expect(host.SecurityOpt).toContain("no-new-privileges:true");
  expect(host.SecurityOpt.join(" ")).not.toContain("unconfined");
  expect(host.PidsLimit).toBe(256);
  expect(host.Memory).toBeGreaterThanOrEqual(512 * 1024 ** 2);
  expect(host.MemorySwap).toBe(host.Memory);
  expect(host.NanoCpus + host.CpuQuota).toBeGreaterThan(0);
  expect(host.PidMode).toBe("");
  expect(host.IpcMode).not.toBe("host");
  expect(host.NetworkMode).not.toBe("host");
  expect(host.Devices ?? []).toEqual([]);
  const scratch = (size: string, exec = "noexec") => new RegExp(`^rw,${exec},nosuid,nodev,size=${size}m,`);
  expect(Object.keys(host.Tmpfs).sort()).toEqual(["/root", "/run", "/tmp", "/var/run", "/var/tmp"]);
  expect(host.Tmpfs["/tmp"]).toMatch(scratch("100"));
  for (const path of ["/var/tmp", "/run", "/var/run"]) expect(host.Tmpfs[path], path).toMatch(scratch("50"));
  expect(host.Tmpfs["/root"]).toMatch(scratch("50", "exec"));
  expect(host.Sysctls).toEqual({ "net.ipv4.ip_unprivileged_port_start": "0" });
  const limits = Object.fromEntries(host.Ulimits.map(({ Name, Soft, Hard }) => [Name, [Soft, Hard]]));
  expect(limits).toEqual({ core: [0, 0], nofile: [4096, 16384] });
  expect(host.NetworkMode).toBe("rexec-isolated");
  expect(host.PortBindings ?? {}).toEqual({});
  expect([host.LogConfig.Type, host.RestartPolicy.Name]).toEqual(["none", "no"]);
  // The paths of the profile, and still all that the engine masks by default.
  const usual = await engineDefaults();
  for (const path of [...MASKED, ...usual.MaskedPaths]) expect(host.MaskedPaths).toContain(path);
  for (const path of [...READ_ONLY, ...usual.ReadonlyPaths]) expect(host.ReadonlyPaths).toContain(path);
  const mounts = description["Mounts"] as { Type: string; Destination: string; RW: boolean }[];
  const told = mounts.map(({ Type, Destination, RW }) => `${Type} ${Destination} ${RW ? "rw" : "ro"}`).sort();
  expect(told).toEqual(["bind /.rexec/guest ro", "bind /.rexec/link ro", "volume /home/user rw"]);
});

test("the panel shows which controls are verified and which are not in force", async ({ running, openPage }) => {
  const { user, id } = running;
  // A guest that answers late is shown as not checked.
  const look = () => user.api.get<SecurityReport>(`/api/terminals/${id}/security`);
  let report = await look();
  await expect.poll(async () => (report = await look()).rows.filter((row) => row.verdict === "unknown")).toEqual([]);
  expect(report.profile).toBe("standard");
  expect(report.rows.filter((row) => row.verdict === "differs")).toEqual([]);
  const verdict = (row: string) => report.rows.find(({ id }) => id === row)?.verdict;
  for (const row of ["capabilities"]) expect(verdict(row), row).toBe("verified");
  expect(report.rows.filter((row) => row.verdict === "verified").length).toBeGreaterThanOrEqual(8);
  const absent = report.rows.filter((row) => row.verdict === "not_in_force");
  expect(absent.length).toBeGreaterThan(0);
  for (const row of absent) expect(row.note.length, row.id).toBeGreaterThan(10);
  expect(report.score_tenths).toBeGreaterThan(0);
  expect(report.score_tenths).toBeLessThan(100);

  const page = await openPage(user);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  const panel = page.getByTestId("security-panel");
  const rows = panel.getByTestId("security-row");
  // The panel checks each time it opens; a late guest is shown as not checked here, too.
  await expect(async () => {
    if (await panel.isVisible()) await page.getByTestId("tool-security").click();
    await page.getByTestId("tool-security").click();
    await expect(rows).toHaveCount(report.rows.length);
    const shown = await rows.evaluateAll((rows) =>
      rows.map((row) => [row.getAttribute("data-row"), row.getAttribute("data-verdict")]),
    );
    const words = { verified: "Verified", not_in_force: "Not in force", differs: "Differs", unknown: "Not looked at" };
    expect(Object.fromEntries(shown)).toEqual(
      Object.fromEntries(report.rows.map((row) => [row.id, words[row.verdict]])),
    );
  }).toPass({ timeout: 45_000 });
  await expect(panel).toContainText(/grep Cap \/proc\/self\/status/);
});
