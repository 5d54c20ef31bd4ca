// Ordinary work in the hardened container: the tools of the images, and sudo within the profile.
import { shell } from "../fixtures/socket";
import { expect, test } from "../fixtures/test";

test("the developer image works under the profile: git, vim, Python, Node, a C compiler, tmux", async ({
  user,
}) => {
  const { id } = await user.launch({ image: "dev" });
  const terminal = await shell(user.api, id);
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
  expect(await terminal.run("printf 'int main(){return 42;}' > a.c; gcc -o a a.c; ./a; echo status-$?")).toBe(
    "status-42",
  );
  expect(
    await terminal.run(
      "tmux new-session -d -s w 'sleep 100'; tmux list-sessions -F '#{session_name}'; tmux kill-server",
    ),
  ).toBe("w");
  terminal.close();
});

test("the small image has a shell and the usual tools only", async ({ running }) => {
  const terminal = await shell(running.user.api, running.id);
  expect(
    await terminal.run("for tool in bash ls vi nano curl less; do command -v $tool >/dev/null || echo no $tool; done"),
  ).toBe("");
  expect(await terminal.run("for tool in gcc node git python3 tmux; do command -v $tool; done")).toBe("");
  terminal.close();
});

test("sudo gives root in the container with at most seven capabilities", async ({ running }) => {
  const terminal = await shell(running.user.api, running.id);
  expect(await terminal.run("sudo id -u")).toBe("0");
  expect(await terminal.run("sudo grep -E '^Cap(Prm|Bnd)' /proc/self/status | cut -f2 | sort -u")).toBe(
    "00000000000004eb",
  );
  expect(await terminal.run("sudo touch /etc/x; echo status-$?")).toMatch(/Read-only file system[^]*status-1$/);
  expect(await terminal.run("sudo mount -t tmpfs x /mnt 2>/dev/null; echo status-$?")).not.toBe("status-0");
  expect(await terminal.run("sudo sh -c 'exit 7'; echo status-$?")).toBe("status-7");
  expect(await terminal.run("test -u /usr/bin/su || test -u /bin/su; echo setuid-$?")).toBe("setuid-1");
  terminal.close();
});
