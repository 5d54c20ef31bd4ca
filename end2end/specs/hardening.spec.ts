// The hardening of a container, seen by the person inside, by the engine outside, and told by the Security panel.
import { TerminalPage } from "../pages/terminal";
import type { SecurityReport } from "../world/contract";
import { inspect, remainsOf } from "../world/engine";
import { expect, test } from "../world/fixtures";

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
}

test("inside: an ordinary user with seven capabilities at most, no way to gain more, a root filesystem that refuses", async ({ person, visit }) => {
  const { id } = await person.launch();
  const terminal = await new TerminalPage(await visit(person)).open(id);
  await terminal.ready();
  expect(await terminal.run("id -u; id -un")).toBe("1000\nuser");
  const caps = await terminal.run("grep Cap /proc/self/status");
  expect(caps).toMatch(/CapEff:\t? *0000000000000000/);
  expect(caps).toMatch(/CapBnd:\t? *00000000000004eb/);
  expect(await terminal.run("grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -s '[:space:]' ' '")).toContain("NoNewPrivs: 1 Seccomp: 2");
  expect(await terminal.run("touch /x /etc/x /usr/bin/x 2>&1 | grep -c 'Read-only\\|Permission'")).toBe("3");
  const mounts = await terminal.run("grep -E ' (/|/tmp|/var/tmp|/run|/home/user) ' /proc/self/mounts | cut -d' ' -f2,4 | cut -c1-60");
  expect(mounts).toMatch(/^\/ ro/m);
  for (const path of ["/tmp", "/var/tmp", "/run"]) {
    const line = mounts.split("\n").findLast((line) => line.startsWith(`${path} `)) ?? "";
    for (const flag of ["rw", "noexec", "nosuid", "nodev"]) expect(line, path).toContain(flag);
  }
  expect(await terminal.run("echo works > ~/file; cat ~/file")).toBe("works");
  expect(await terminal.run("find / -xdev -perm /6000 -type f 2>/dev/null | wc -l")).toBe("0");
  expect(await terminal.run("echo 1 > /proc/sys/kernel/sysrq; echo status=$?")).toContain("status=1");
  expect(await terminal.run("cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c")).toBe("0");
  expect(await terminal.run("unshare -Ur true 2>/dev/null; echo $?")).not.toBe("0");
});

test("a fork bomb meets the limit of its own terminal, and a neighbour does not notice", async ({ person, visit }) => {
  const [bomb, calm] = [await person.launch(), await person.launch()];
  const here = await new TerminalPage(await visit(person)).open(bomb.id);
  await here.ready();
  await here.enter(" b() { b | b & }; b 2>/dev/null");
  const there = await new TerminalPage(await visit(person)).open(calm.id);
  await there.ready();
  expect(await there.run("echo calm-$((1+1))")).toBe("calm-2");
  const [pids] = [await person.api.get<{ pids: number; pids_limit: number }>(`/api/terminals/${bomb.id}/stats`)];
  expect(pids.pids_limit).toBe(256);
  expect(pids.pids).toBeLessThanOrEqual(256);
});

test("outside: the engine's own description is the profile", async ({ house, person }) => {
  await person.launch();
  const { containers } = await remainsOf(house.server.instance);
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
  expect(host.Tmpfs["/tmp"]).toMatch(/noexec/);
  expect(host.Sysctls).toMatchObject({ "net.ipv4.ip_unprivileged_port_start": "0" });
});

test("the panel shows what was verified, and says of the rest that it is not in force yet", async ({ person, visit }) => {
  const { id } = await person.launch();
  const report = await person.api.get<SecurityReport>(`/api/terminals/${id}/security`);
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

  const page = await visit(person);
  const terminal = await new TerminalPage(page).open(id);
  await terminal.ready();
  await page.getByTestId("tool-security").click();
  const panel = page.getByTestId("security-panel");
  const rows = panel.getByTestId("security-row");
  await expect(rows).toHaveCount(report.rows.length);
  for (const row of report.rows) {
    const word = { verified: "Verified", not_in_force: "Not in force", differs: "Differs", unknown: "Not looked at" }[row.verdict];
    await expect(panel.locator(`[data-row="${row.id}"]`)).toHaveAttribute("data-verdict", word);
  }
  await expect(panel).toContainText(/grep Cap \/proc\/self\/status/);
});
