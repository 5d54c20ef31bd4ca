// Import cycles inside the crates of the workspace. Two graphs must be free of cycles: the files of a crate, and, inside
// each module, its child modules with everything below them.
//   node scripts/test/cycles.mjs [crate folder...]
// A re-export is resolved to the module that defines the name, so a `mod.rs` that declares and re-exports its children
// does not count as importing them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const WORD = "[A-Za-z_][A-Za-z0-9_]*";

/** Module path of each source file below `folder/src`: `[]` for the root, `["pages", "account"]` below it. */
function modules(folder) {
  const found = new Map();
  const walk = (directory, path) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const file = join(directory, entry.name);
      if (entry.isDirectory()) walk(file, [...path, entry.name]);
      else if (/^(lib|main|mod)\.rs$/.test(entry.name)) add(file, path);
      else if (entry.name.endsWith(".rs") && entry.name !== "tests.rs") add(file, [...path, basename(entry.name, ".rs")]);
    }
  };
  const add = (file, path) => {
    const key = path.join("::");
    found.set(key, { file, path, key, ...read(readFileSync(file, "utf8"), path) });
  };
  if (existsSync(join(folder, "src"))) walk(join(folder, "src"), []);
  return found;
}

/** Replaces comments, strings and test modules by blanks. */
function code(text) {
  const plain = text.replace(/\/\/.*|\/\*[^]*?\*\/|r#*"[^]*?"#*|"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\.)'/g, (match) =>
    match.startsWith("/") ? " " : '""',
  );
  return plain.replace(new RegExp(`#\\[cfg\\(test\\)\\]\\s*(?:pub(?:\\([^)]*\\))? )?mod ${WORD} \\{`, "g"), (match, at) =>
    match.replace(/mod .*/, `${" ".repeat(8)}TEST${at} {`),
  );
}

/** The end of the block that opens at `text[at] === "{"`. */
function blockEnd(text, at) {
  let depth = 0;
  for (let i = at; i < text.length; i += 1) {
    if (text[i] === "{") depth += 1;
    if (text[i] === "}" && (depth -= 1) === 0) return i;
  }
  return text.length;
}

/** Every path of a use tree: `a::{b, c::d as e}` gives a::b and a::c::d named e. */
function expand(tree, prefix = []) {
  const text = tree.trim();
  const brace = text.indexOf("{");
  if (brace >= 0) {
    const lead = text.slice(0, brace).split("::").map((part) => part.trim()).filter(Boolean);
    const parts = [];
    let depth = 0, start = brace + 1;
    for (let i = brace + 1; i < text.length; i += 1) {
      if (text[i] === "{") depth += 1;
      if ((text[i] === "," && depth === 0) || (text[i] === "}" && depth === 0)) {
        parts.push(text.slice(start, i));
        start = i + 1;
      }
      if (text[i] === "}") depth -= 1;
    }
    return parts.filter((part) => part.trim()).flatMap((part) => expand(part, [...prefix, ...lead]));
  }
  const [path, alias] = text.split(/\s+as\s+/);
  const names = [...prefix, ...path.split("::").map((part) => part.trim())].filter(Boolean);
  if (names.at(-1) === "self") names.pop();
  return [{ path: names, name: alias ?? names.at(-1) }];
}

/** What a file imports, re-exports and names, with every path made absolute in its crate. */
function read(text, path) {
  let source = code(text);
  for (let test; (test = /TEST\d+ \{/.exec(source)); ) {
    const open = test.index + test[0].length - 1;
    source = source.slice(0, test.index) + source.slice(blockEnd(source, open) + 1);
  }
  // In an inline module `super` is the file itself.
  const inline = [...source.matchAll(new RegExp(`\\bmod ${WORD} \\{`, "g"))].map((match) => [
    match.index,
    blockEnd(source, match.index + match[0].length - 1),
  ]);
  const children = [...source.matchAll(new RegExp(`\\bmod (${WORD});`, "g"))].map(([, name]) => name);
  const absolute = (names, at) => {
    let base = path, rest = names, lost = inline.filter(([from, to]) => from < at && at < to).length;
    if (/^\$?crate$/.test(rest[0])) return rest.slice(1);
    if (rest[0] === "self") return [...path, ...rest.slice(1)];
    if (rest[0] !== "super") return children.includes(rest[0]) ? [...path, ...rest] : undefined;
    while (rest[0] === "super") {
      if (lost > 0) lost -= 1;
      else base = base.slice(0, -1);
      rest = rest.slice(1);
    }
    return [...base, ...rest];
  };
  const uses = [], exports = [], named = [];
  const body = source.replace(/(pub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);/g, (match, visible, tree, at) => {
    for (const { path: names, name } of expand(tree)) {
      const target = absolute(names, at);
      if (target) (visible ? exports : uses).push({ target, name });
    }
    return " ".repeat(match.length);
  });
  for (const match of body.matchAll(new RegExp(`(?<![\\w:])(?:\\$?crate|super|self|${WORD})(?:::${WORD})+`, "g"))) {
    named.push({ names: match[0].split("::"), at: match.index, target: absolute(match[0].split("::"), match.index) });
  }
  return { uses, exports, named };
}

/** The module that defines what `target` names, or undefined for a name outside the crate. */
function resolve(all, target, depth = 0) {
  let length = target.length;
  while (length > 0 && !all.has(target.slice(0, length).join("::"))) length -= 1;
  const module = all.get(target.slice(0, length).join("::"));
  const rest = target.slice(length);
  if (!module || rest.length === 0 || depth > 8) return { module, whole: rest.length === 0 };
  const through = module.exports.find(({ name }) => name === rest[0]);
  if (through) return resolve(all, [...through.target, ...rest.slice(1)], depth + 1);
  for (const { target: glob } of module.exports.filter(({ name }) => name === "*")) {
    const inside = resolve(all, [...glob.slice(0, -1), ...rest], depth + 1);
    if (inside.module && new RegExp(`\\b${rest[0]}\\b`).test(readFileSync(inside.module.file, "utf8"))) return inside;
  }
  return { module, whole: false };
}

/** Files by the files they import. */
function edges(all) {
  const graph = new Map([...all.keys()].map((key) => [key, new Set()]));
  for (const module of all.values()) {
    const aliases = new Map();
    const add = (target) => {
      const found = resolve(all, target).module;
      if (found && found.key !== module.key) graph.get(module.key).add(found.key);
    };
    for (const { target, name } of module.uses) {
      const found = resolve(all, target);
      // An imported module counts by what is named through it.
      if (found.module && found.whole) aliases.set(name, found.module.path);
      else add(target);
    }
    for (const { names, target } of module.named) {
      const alias = aliases.get(names[0]);
      if (alias) add([...alias, ...names.slice(1)]);
      else if (target) add(target);
    }
  }
  return graph;
}

/** Strongly connected components of more than one node (Tarjan). */
function components(graph) {
  const index = new Map(), low = new Map(), stack = [], found = [];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of graph.get(node)) {
      if (!index.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node), low.get(next)));
      } else if (stack.includes(next)) low.set(node, Math.min(low.get(node), index.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1) found.push(group);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}

/** The graph between the direct children of `parent`, each with everything below it. */
function siblings(graph, parent) {
  const prefix = parent === "" ? "" : `${parent}::`;
  const child = (key) => (key !== "" && key.startsWith(prefix) ? key.slice(prefix.length).split("::")[0] : undefined);
  const grouped = new Map();
  for (const [from, targets] of graph) {
    const own = child(from);
    if (!own || from === parent) continue;
    if (!grouped.has(own)) grouped.set(own, new Set());
    for (const to of targets) {
      const other = to === parent ? undefined : child(to);
      if (other && other !== own) grouped.get(own).add(other);
    }
  }
  for (const targets of grouped.values()) for (const to of targets) if (!grouped.has(to)) grouped.set(to, new Set());
  return grouped;
}

function complaintsOf(folder) {
  const all = modules(folder), graph = edges(all), name = (key) => all.get(key)?.file ?? key;
  const complaints = components(graph).map((group) => {
    const arrows = group.flatMap((from) => [...graph.get(from)].filter((to) => group.includes(to)).map((to) => `    ${name(from)} -> ${name(to)}`));
    return `${folder}: files import each other\n${arrows.join("\n")}`;
  });
  for (const parent of new Set([...all.values()].map(({ path }) => path.slice(0, -1).join("::")))) {
    const grouped = siblings(graph, parent);
    for (const group of components(grouped)) {
      const inside = (key, part) => key === (parent ? `${parent}::${part}` : part) || key.startsWith(`${parent ? `${parent}::` : ""}${part}::`);
      const arrows = [...graph].flatMap(([from, targets]) =>
        [...targets].filter((to) => group.some((a) => inside(from, a) && group.some((b) => a !== b && inside(to, b)))).map((to) => `    ${name(from)} -> ${name(to)}`),
      );
      complaints.push(`${folder}: modules import each other: ${group.map((part) => (parent ? `${parent}::${part}` : part)).join(", ")}\n${arrows.join("\n")}`);
    }
  }
  return { count: all.size, complaints };
}

const folders = process.argv.length > 2 ? process.argv.slice(2) : workspace();

function workspace() {
  const [, list] = /^members = \[(.*)\]/m.exec(readFileSync("Cargo.toml", "utf8"));
  return [...list.matchAll(/"([^"]+)"/g)].flatMap(([, member]) =>
    member.endsWith("/*") ? readdirSync(dirname(member)).map((entry) => join(dirname(member), entry)) : [member],
  );
}

let wrong = 0;
for (const folder of folders) {
  const { count, complaints } = complaintsOf(folder);
  if (count === 0) complaints.push(`${folder}: no sources`);
  wrong += complaints.length;
  console.log(`${folder}: ${count} files, ${complaints.length} cycles`);
  for (const complaint of complaints) console.error(`  ${complaint}`);
}
process.exit(wrong === 0 ? 0 : 1);
