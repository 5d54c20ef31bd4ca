// Ordinary work in the hardened container: the tools of the images, and sudo within the profile.
import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";

test("the developer image works under the profile: git, vim, Python, Node, a C compiler, tmux", async ({
  user,
  openPage,
}) => {
  const { id } = await user.launch({ image: "dev" });
  const terminal = await new TerminalPage(await openPage(user)).open(id);
  await terminal.ready();
  const git =
    "git init -q r && cd r && git config user.email a@example.org && git config user.name a && echo x > f && git add f && git commit -qm first && git log --format=%s; cd";
  expect(await terminal.run(git)).toBe("first");
  expect(await terminal.run("vim -es -c 'normal iwritten' -c 'wq! v.txt' < /dev/null; cat v.txt")).toBe("written");
  expect(
    await terminal.run(
      'python3 -c \'import subprocess; print(subprocess.check_output(["echo", "from-python"], text=True))\'',
    ),
  ).toBe("from-python");
  expect(await terminal.run("node -e 'console.log(\"from-node-\" + 6 * 7)'")).toBe("from-node-42");
  expect(await terminal.run("printf 'int main(){return 42;}' > a.c; gcc -o a a.c; ./a; echo status-$?", 60_000)).toBe(
    "status-42",
  );
  expect(
    await terminal.run(
      "tmux new-session -d -s w 'sleep 100'; tmux list-sessions -F '#{session_name}'; tmux kill-server",
    ),
  ).toBe("w");
});

test("the small image has a shell and the usual tools only", async ({ user, openPage }) => {
  const { id } = await user.launch();
  const terminal = await new TerminalPage(await openPage(user)).open(id);
  await terminal.ready();
  expect(
    await terminal.run("for tool in bash ls vi nano curl less; do command -v $tool >/dev/null || echo no $tool; done"),
  ).toBe("");
  expect(await terminal.run("for tool in gcc node git python3 tmux; do command -v $tool; done")).toBe("");
});

test("sudo gives root in the container with at most seven capabilities", async ({ user, openPage }) => {
  const { id } = await user.launch();
  const terminal = await new TerminalPage(await openPage(user)).open(id);
  await terminal.ready();
  expect(await terminal.run("sudo id -u")).toBe("0");
  expect(await terminal.run("sudo grep -E '^Cap(Prm|Bnd)' /proc/self/status | cut -f2 | sort -u")).toBe(
    "00000000000004eb",
  );
  expect(await terminal.run("sudo touch /etc/x; echo status-$?")).toMatch(/Read-only file system[^]*status-1$/);
  expect(await terminal.run("sudo mount -t tmpfs x /mnt 2>/dev/null; echo status-$?")).not.toBe("status-0");
  expect(await terminal.run("sudo sh -c 'exit 7'; echo status-$?")).toBe("status-7");
  expect(await terminal.run("test -u /usr/bin/su || test -u /bin/su; echo setuid-$?")).toBe("setuid-1");
});
