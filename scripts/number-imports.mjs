// Replaces the hashes in the names of the page's WASM imports by numbers of the same length, in the program and in its
// glue. The names only have to agree between the two files, and random digits do not compress: 3.8 kB of the first page.
//   number-imports.mjs PAGE.wasm PAGE.js
import { readFileSync, writeFileSync } from "node:fs";

const IMPORT = /(__wb[a-z]+_\w*?_)([0-9a-f]{16})/g;
const files = process.argv.slice(2);
if (files.length !== 2) throw new Error("usage: number-imports.mjs PAGE.wasm PAGE.js");
const numbers = new Map();
for (const file of files) {
  // latin1 maps each byte to one character and back, so the program is not changed elsewhere.
  const text = readFileSync(file, "latin1").replace(IMPORT, (_, name, hash) => {
    if (!numbers.has(hash)) numbers.set(hash, String(numbers.size).padStart(hash.length, "0"));
    return name + numbers.get(hash);
  });
  writeFileSync(file, text, "latin1");
}
