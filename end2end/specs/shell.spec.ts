// Working in a terminal: size, floods, pastes, characters, and what programs in it may not do.
import { createHash } from "node:crypto";

import { TerminalPage } from "../pages/terminal";
import { expect, test } from "../fixtures/test";

test.describe("at a prompt", () => {
  let terminal: TerminalPage;

  test.beforeEach(async ({ running, openPage }) => {
    const { user, id } = running;
    const page = await openPage(user, { permissions: ["clipboard-read", "clipboard-write"] });
    terminal = await new TerminalPage(page).open(id);
    await terminal.ready();
  });

  test("a new size of the window reaches the shell", async () => {
    await terminal.page.setViewportSize({ width: 1000, height: 600 });
    const told = async () => {
      const { rows, cols } = await terminal.size();
      return (await terminal.run("stty size")) === `${rows} ${cols}`;
    };
    await expect.poll(told).toBe(true);
    const before = await terminal.size();
    await terminal.page.setViewportSize({ width: 1400, height: 900 });
    await expect.poll(() => terminal.size()).not.toEqual(before);
    await expect.poll(told).toBe(true);
  });

  test("a paste of 256 kB arrives complete", async () => {
    const size = 256 * 1024;
    const text = Array.from({ length: size / 16 }, (_, i) => `${i.toString(36).padStart(15, ".")} `).join("");
    const sum = createHash("sha256").update(text).digest("hex");
    await terminal.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    // Without echo and line editing, as a program that takes bulk input sets it.
    await terminal.enter(` stty raw -echo; printf 'rea%s\\r\\n' dy; head -c ${size} | sha256sum; stty sane`);
    await terminal.sees(/^ready$/m);
    await terminal.page.keyboard.press("Control+Shift+V");
    await terminal.sees(new RegExp(sum), 60_000);
    await terminal.ready();
  });

  test("a paste cannot escape bracketed paste", async () => {
    const text = "echo harmless\u001b[201~\recho broken-$((1+1))\r";
    await terminal.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await terminal.focus();
    await terminal.page.keyboard.press("Control+Shift+V");
    await terminal.sees(/echo harmless/);
    await terminal.page.keyboard.press("Control+C");
    expect(await terminal.run("echo after-$((1+2))")).toBe("after-3");
    expect(await terminal.text()).not.toMatch(/^broken-2/m);
  });

  test("Ctrl-C ends a flood and returns to the prompt", async () => {
    await terminal.enter(" yes");
    await terminal.sees(/(y\n){20}/);
    await terminal.page.keyboard.press("Control+C");
    await terminal.sees(/\^C\n.*\$ ?$/);
    expect(await terminal.run("echo calm-$((2+2))")).toBe("calm-4");
  });

  test("characters of every width arrive complete", async () => {
    const text = "ä ß 漢字 한글 🙂 👩‍💻 e\u0301 Ω";
    await terminal.enter(` printf '%s\\n' '${text}' > ~/text; sha256sum < ~/text`);
    await terminal.sees(new RegExp(createHash("sha256").update(`${text}\n`).digest("hex")));
    // Thousands of multi-byte characters: pieces end in the middle of some of them.
    const flood = await terminal.run("for i in $(seq 1 3000); do printf '漢🙂é'; done; echo", 30_000);
    expect(flood.replaceAll("\n", "")).toBe("漢🙂é".repeat(3000));
    expect(await terminal.text()).not.toContain("\ufffd");
    // The emulator counts cells as the shell does: an emoji takes two.
    const column = "printf '\\r🙂漢é'; printf '\\e[6n'; read -s -d R answer; printf '\\ncolumn-%s\\n' ${answer##*;}";
    expect(await terminal.run(column)).toMatch(/^column-6$/m);
  });

  test("programs cannot read the clipboard, and write it only with consent", async () => {
    await terminal.page.evaluate(() => navigator.clipboard.writeText("private"));
    await terminal.enter(" printf '\\e]52;c;?\\a'; read -t 1 -s -d '' answer; printf 'answer=%s;\\n' \"${answer@Q}\"");
    await terminal.sees(/^answer=('');$/m);
    await terminal.enter(" printf '\\e]52;c;%s\\a' $(printf hijacked | base64)");
    await expect(terminal.page.getByTestId("toast")).toContainText(/clipboard/i);
    expect(await terminal.page.evaluate(() => navigator.clipboard.readText())).toBe("private");
  });

  test("programs cannot make the terminal send input", async () => {
    // Title report, answerback and window reports would be typed into the shell.
    await terminal.enter(
      " printf '\\e]0;touch pwned\\a'; printf '\\e[21t\\e[20t\\005'; read -t 1 -s -d '' answer; printf 'answer=%s;\\n' \"${answer@Q}\"",
    );
    await terminal.sees(/^answer=(''|'\$?'*);$/m);
    expect(await terminal.page.title()).not.toContain("touch pwned");
    // A position is answered.
    expect(await terminal.run("printf '\\e[6n'; read -rsdR -t 5 at; printf '%q\\n' \"$at\"")).toMatch(
      /^\$'\\E\[\d+;\d+'$/m,
    );
  });

  test("what the emulator answers by itself is sent as Reply frames (L2)", async () => {
    const { page } = terminal;
    const sent: Buffer[] = [];
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => sent.push(Buffer.from(payload as Buffer)));
    });
    await page.reload();
    await terminal.ready();
    // Position, attributes, a mode, a colour, and reports of the focus.
    await terminal.run(
      "printf '\\e[6n\\e[c\\e[?7$p\\e]10;?\\a\\e[?1004h'; read -rsd '' -t 2 all; printf '\\e[?1004l'; printf '%q\\n' \"$all\"",
    );
    // With E for the escape character.
    const text = (tag: number) => {
      const payloads = sent.filter((frame) => frame[0] === tag).map((frame) => frame.subarray(1));
      return Buffer.concat(payloads).toString("utf8").replaceAll("\u001b", "E");
    };
    expect(text(0x04)).toMatch(/^E\[\d+;\d+RE\[\?[\d;]+cE\[\?7;\d\$yE\]10;rgb:[\da-f/]+E\\E\[I$/);
    expect(text(0x00), "what was typed").toContain("read -rsd");
    expect(text(0x00), "and nothing else").not.toMatch(/E[[\]]/);
  });

  test("only web links open, in a page without an opener", async () => {
    const { page } = terminal;
    const opened = await page.evaluateHandle(() => {
      const calls: [string, string][] = [];
      window.open = (url, _target, features) => {
        calls.push([String(url), features ?? ""]);
        return null;
      };
      return calls;
    });
    await terminal.run(
      "printf '\\e]8;;javascript:alert(1)\\aBADLINK\\e]8;;\\a\\n\\e]8;;file:///etc/passwd\\aFILE\\e]8;;\\a\\n\\e]8;;https://example.org/x\\aGOODLINK\\e]8;;\\a\\nhttps://example.org/plain\\n'",
    );
    const box = await terminal.host.boundingBox();
    const { cols, rows } = await terminal.size();
    const lines = (await terminal.text()).split("\n");
    const click = async (word: string) => {
      // The last screen is visible.
      const row = lines.findIndex((line) => line.startsWith(word)) - Math.max(0, lines.length - rows);
      if (!box || row < 0) throw new Error(`no ${word} on the screen`);
      const [width, height] = [box.width / cols, box.height / rows];
      await page.mouse.move(box.x + width * 2, box.y + height * (row + 0.2));
      await page.mouse.move(box.x + width * 3, box.y + height * (row + 0.5));
      await page.mouse.down();
      await page.mouse.up();
    };
    await click("BADLINK");
    await click("FILE");
    // Marked by the program, and found in its text.
    for (const [word, url] of [
      ["GOODLINK", "https://example.org/x"],
      ["https://", "https://example.org/plain"],
    ] as const) {
      await expect(async () => {
        await click(word);
        expect((await opened.jsonValue()).map(([url]) => url)).toContain(url);
      }).toPass();
    }
    for (const [url, features] of await opened.jsonValue()) {
      expect(url).toMatch(/^https:\/\/example\.org\/(x|plain)$/);
      expect(features).toContain("noopener");
    }
  });

  test("search finds text on the screen and in the scrollback", async () => {
    await terminal.run("seq 1001 1300");
    expect((await terminal.size()).rows, "the first of them are not on the screen").toBeLessThan(200);
    await terminal.page.getByTestId("tool-search").click();
    for (const number of ["1299", "1003"]) {
      await terminal.page.getByTestId("terminal-search-input").fill(number);
      await expect(terminal.page.getByTestId("terminal-search"), number).toContainText(/1 of 1|1 found/);
    }
    await terminal.page.getByTestId("terminal-search-input").fill("1301");
    await expect(terminal.page.getByTestId("terminal-search")).not.toContainText(/1 of 1|1 found/);
    await terminal.page.keyboard.press("Escape");
    await expect(terminal.page.getByTestId("terminal-search")).toBeHidden();
  });
});

test("a second window of another size shows the same screen and accepts input", async ({ running, openPage }) => {
  const { user, id } = running;
  const wide = await new TerminalPage(await openPage(user)).open(id);
  await wide.ready();
  await wide.run('for n in 1 2 3 4 5; do printf "$n:%0140d:\\n" 0; done');
  const narrow = await new TerminalPage(await openPage(user, { viewport: { width: 640, height: 600 } })).open(id);
  await narrow.ready();
  expect((await narrow.size()).cols).toBeLessThan((await wide.size()).cols);
  const whole = async () => {
    const text = (await narrow.text()).replaceAll("\n", "");
    for (const n of [1, 2, 3, 4, 5]) expect(text).toContain(`${n}:${"0".repeat(140)}:`);
  };
  await whole();
  expect(await narrow.run("echo second-$((40+2)); stty size")).toMatch(/^second-42\n\d+ /);
  await whole();
  // Each prompt begins its own line: nothing is overwritten.
  expect(await narrow.text()).not.toMatch(/0:?\S*[$#] +printf/);
});
