// House rules that hold for every tracked file, whatever its language.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";

const LINES_MAX = 500;
const CODE = /\.(rs|ts|mjs|scss|sh|sql|toml)$|^(run|test|\.ci\/run)$/;
const RUNNABLE = /^(run|test|\.ci\/run|scripts\/build-.*\.sh)$/;

const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\0")
  .filter((file) => file !== "" && statSync(file, { throwIfNoEntry: false })?.isFile());

const complaints = [];
for (const file of tracked) {
  if (RUNNABLE.test(file) && (statSync(file).mode & 0o111) === 0) complaints.push(`${file}: not executable`);
  if (!CODE.test(file)) continue;
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  if (lines.length - 1 > LINES_MAX) complaints.push(`${file}: ${lines.length - 1} lines, split it by ${LINES_MAX}`);
  if (text !== "" && !text.endsWith("\n")) complaints.push(`${file}: no newline at the end`);
  if (text.includes("\r")) complaints.push(`${file}: carriage returns`);
  lines.forEach((line, at) => {
    if (/[ \t]$/.test(line)) complaints.push(`${file}:${at + 1}: blanks at the end of the line`);
  });
}

// A threat whose test was renamed or removed is a threat without a test.
const stories = tracked.filter((file) => /\.(rs|ts)$/.test(file)).map((file) => readFileSync(file, "utf8")).join("\n");
const [held] = readFileSync("docs/THREATS.md", "utf8").split("## Not held against yet");
for (const [, name] of held.slice(held.indexOf("## Codes")).matchAll(/`([^`]+)`/g)) {
  if (!stories.includes(`fn ${name}(`) && !stories.includes(`"${name}`)) complaints.push(`docs/THREATS.md: no test is called "${name}"`);
}
for (const complaint of complaints) console.error(complaint);
console.log(`${tracked.length} files, ${complaints.length} complaints`);
process.exit(complaints.length === 0 ? 0 : 1);
