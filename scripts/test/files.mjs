// Rules that hold for every tracked file, whatever its language.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";

const LINES_MAX = 400;
const COLUMNS_MAX = 120;
const MEDIAN_GOAL = 120;
const COUNTED = /\.(rs|ts|mjs|scss|sh)$/;
const WRAPPED = /\.(rs|ts|scss|sh)$/;
const CODE = /\.(rs|ts|mjs|scss|sh|sql|toml)$|^(run|test|\.ci\/run)$/;
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
    // An array of characters, so that one outside the basic plane is one column.
    const columns = WRAPPED.test(file) ? [...line].length : 0;
    if (columns > COLUMNS_MAX) complaints.push(`${file}:${at + 1}: ${columns} columns, at most ${COLUMNS_MAX}`);
  });
}

// Tests and commands that the docs name as a proof must exist.
const sources = tracked.filter((file) => /\.(rs|ts)$/.test(file)).map((file) => readFileSync(file, "utf8")).join("\n");
const suites = [...readFileSync("scripts/test/runner.sh", "utf8").matchAll(/^ {2}'([\w-]+)\|/gm)].map(([, name]) => name);
const isTest = (name) => sources.includes(`fn ${name}(`) || sources.includes(`"${name}`);
/** A suite of ./test, ./run, or the bench. */
const isCommand = (name) => {
  const [program, suite] = name.split(" ");
  return (program === "./test" && (suite === undefined || suites.includes(suite))) || ["./run", "cargo run --release -p bench"].includes(name);
};
const quoted = (text) => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name);

const [held] = readFileSync("docs/THREATS.md", "utf8").split("## Not held against yet");
for (const name of quoted(held.slice(held.indexOf("## Codes")))) {
  if (!isTest(name)) complaints.push(`docs/THREATS.md: no test is called "${name}"`);
}

const promises = readFileSync("docs/PROMISES.md", "utf8").split("\n");
for (const [, promise, proof] of promises.map((line) => /^\| (.+) \| (.+) \|$/.exec(line) ?? []).filter(([row]) => row && !row.startsWith("| promise |"))) {
  const names = quoted(proof);
  if (names.length === 0) complaints.push(`docs/PROMISES.md: nothing proves "${promise}"`);
  for (const name of names) {
    if (!isTest(name) && !isCommand(name)) complaints.push(`docs/PROMISES.md: neither a test nor a command is called "${name}"`);
  }
}

// Rules that only the sources can show.
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
