// Rules that hold for every tracked file, whatever its language.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";

const LINES_MAX = 400;
const COLUMNS_MAX = 120;
const MEDIAN_GOAL = 120;
const COUNTED = /\.(rs|ts|mjs|scss|sh)$/;
const WRAPPED = /\.(rs|ts|scss|sh)$/;
const CODE = /\.(rs|ts|mjs|scss|sh|sql|toml)$|^(run|test|\.ci\/run)$/;
const LITERALS = /"(?:[^"\\]|\\.)*"|`[^`]*`|'[^' ]*'|\/[^/ ].*\/[a-z]*,|^[^"]*\\$/g;
const RUNNABLE = /^(run|test|\.ci\/run|scripts\/build-.*\.sh)$/;

const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\0")
  .filter((file) => file !== "" && statSync(file, { throwIfNoEntry: false })?.isFile());

const complaints = [];
const rust = [];
for (const file of tracked) {
  if (RUNNABLE.test(file) && (statSync(file).mode & 0o111) === 0) complaints.push(`${file}: not executable`);
  if (!CODE.test(file)) continue;
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  const count = lines.length - 1;
  if (file.endsWith(".rs")) rust.push(count);
  if (COUNTED.test(file) && count > LINES_MAX) complaints.push(`${file}: ${count} lines, at most ${LINES_MAX}`);
  if (text !== "" && !text.endsWith("\n")) complaints.push(`${file}: no newline at the end`);
  if (text.includes("\r")) complaints.push(`${file}: carriage returns`);
  lines.forEach((line, at) => {
    if (/[ \t]$/.test(line)) complaints.push(`${file}:${at + 1}: blanks at the end of the line`);
    // An array of characters, so that one outside the basic plane is one column. Literals are not wrapped.
    const columns = WRAPPED.test(file) ? [...line.replace(LITERALS, "")].length : 0;
    if (columns > COLUMNS_MAX) complaints.push(`${file}:${at + 1}: ${columns} columns, at most ${COLUMNS_MAX}`);
  });
}

// Each rule of PROMISES.md and THREATS.md is covered by a test or a command that exists. docs/rules.tsv names them:
// id <tab> test file, or `command` <tab> name of the test, or the command.
const AREA_LINES_MAX = 40;
const suites = [...readFileSync("scripts/test/runner.sh", "utf8").matchAll(/^ {2}'([\w-]+)\|/gm)].map(([, name]) => name);
/** A suite of ./test, ./run, or the bench. */
const isCommand = (name) => {
  const [program, suite] = name.split(" ");
  return (program === "./test" && (suite === undefined || suites.includes(suite))) || ["./run", "cargo run --release -p bench"].includes(name);
};
/** Whether the file has a test of that name: a Rust function or the whole title of a browser test. */
const hasTest = (file, name) => {
  if (!tracked.includes(file)) return false;
  const text = readFileSync(file, "utf8");
  return file.endsWith(".rs") ? text.includes(`fn ${name}(`) : ['"', "`"].some((quote) => text.includes(`${quote}${name}${quote}`));
};

const rules = new Map();
for (const doc of ["docs/PROMISES.md", "docs/THREATS.md"]) {
  for (const area of readFileSync(doc, "utf8").split(/^## /m).slice(1)) {
    const [title, ...lines] = area.trimEnd().split("\n");
    if (lines.length > AREA_LINES_MAX) complaints.push(`${doc}: "${title}" has ${lines.length} lines, at most ${AREA_LINES_MAX}`);
    for (const [, id] of area.matchAll(/^- \*\*([A-Z]+-\d{2})\*\* \S/gm)) {
      if (rules.has(id)) complaints.push(`${doc}: ${id} is used twice`);
      rules.set(id, 0);
    }
  }
}
if (rules.size === 0) complaints.push("docs/PROMISES.md: no rules");
for (const [at, line] of readFileSync("docs/rules.tsv", "utf8").trimEnd().split("\n").entries()) {
  const [id, file, name, ...more] = line.split("\t"), where = `docs/rules.tsv:${at + 1}`;
  if (!name || more.length > 0) complaints.push(`${where}: not an id, a file and a name, separated by tabs`);
  else if (!rules.has(id)) complaints.push(`${where}: no rule has the id ${id}`);
  else if (file === "command" ? !isCommand(name) : !hasTest(file, name)) complaints.push(`${where}: ${file} has no "${name}"`);
  else rules.set(id, rules.get(id) + 1);
}
for (const [id, tests] of rules) if (tests === 0) complaints.push(`docs/rules.tsv: nothing holds ${id}`);

// Files that the docs name exist. In the walks of ARCHITECTURE.md a function `name()` is in a file named in its step.
const exists = (path) => tracked.includes(path) || tracked.some((file) => file.startsWith(`${path}/`));
const inTicks = (text) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name);
const paths = (text) => inTicks(text).filter((name) => /^(?:crates|server|app|frontend|bench|end2end|scripts|deploy)\/[\w./-]+$/.test(name));
for (const doc of tracked.filter((file) => /^(docs\/(?!HARDENING)[\w-]+|README|end2end\/README)\.md$/.test(file))) {
  for (const path of paths(readFileSync(doc, "utf8")).filter((path) => !exists(path.replace(/\/$/, "")))) {
    complaints.push(`${doc}: there is no ${path}`);
  }
}
for (const walk of readFileSync("docs/ARCHITECTURE.md", "utf8").split(/^## /m).filter((section) => section.startsWith("Walk"))) {
  for (const step of walk.split(/^\d+\. /m).slice(1)) {
    const text = paths(step).filter((path) => tracked.includes(path)).map((path) => readFileSync(path, "utf8")).join("\n");
    for (const name of inTicks(step).filter((name) => /^\w+\(\)$/.test(name))) {
      if (!new RegExp(`\\bfn ${name.slice(0, -2)}\\b`).test(text)) complaints.push(`docs/ARCHITECTURE.md: no file of its step has ${name}`);
    }
  }
}

// Rules that are checked by searching the sources.
const source = (file) => readFileSync(file, "utf8");
const locks = tracked.filter((file) => /(^|\/)Cargo\.lock$/.test(file));
if (locks.join() !== "Cargo.lock") complaints.push(`one lock file for every crate, not ${locks.join(", ")}`);
if (!/^channel = "\d+\.\d+\.\d+"$/m.test(source("rust-toolchain.toml"))) complaints.push("rust-toolchain.toml: no stable release is pinned");
for (const profile of ["release", "wasm-release", "guest-release"]) {
  if (!source("Cargo.toml").includes(`[profile.${profile}]`)) complaints.push(`Cargo.toml: no profile ${profile}`);
}
if (!source(".ci/run").trimEnd().endsWith("exec ./test")) complaints.push(".ci/run: it must run ./test, as a developer does");
for (const [, doc] of source("README.md").matchAll(/`((?:docs|deploy)\/[\w.-]+|rexec\.example\.toml)`/g)) {
  if (!tracked.includes(doc)) complaints.push(`README.md: there is no ${doc}`);
}
const gates = source("scripts/test/gates.sh");
const members = [.../^members = \[(.*)\]/m.exec(source("Cargo.toml"))[1].matchAll(/"([^"]+)"/g)].map(([, path]) => path.split("/").at(-1));
for (const member of members.filter((name) => name !== "*" && !gates.includes(`_clippy -p ${name} `))) {
  complaints.push(`scripts/test/gates.sh: no clippy suite covers ${member}`);
}
for (const file of tracked.filter((file) => /^(server|crates)\/.*\.rs$/.test(file))) {
  if (/\bprivileged: (?!Some\(false\))/.test(source(file))) complaints.push(`${file}: no branch may ask for a privileged container`);
}
for (const complaint of complaints) console.error(complaint);
const median = rust.sort((a, b) => a - b)[Math.floor(rust.length / 2)];
console.log(`${rust.length} Rust files, median ${median} lines (goal: ${MEDIAN_GOAL} or less)`);
console.log(`${tracked.length} files, ${complaints.length} complaints`);
process.exit(complaints.length === 0 ? 0 : 1);
