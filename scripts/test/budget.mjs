// The asset budget: what a browser downloads for the first page, and for the first terminal, compressed.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const BUDGETS = [
  { what: "first page", max: 450_000, files: ["pkg/rexec.wasm", "pkg/rexec.js", "pkg/rexec.css"] },
  { what: "terminal, loaded with the first terminal", max: 200_000, files: ["pkg/terminal.js", "pkg/terminal.css"], optional: true },
  { what: "fonts", max: 120_000, files: ["fonts/inter-latin-wght-normal.woff2", "fonts/jetbrains-mono-latin-wght-normal.woff2"] },
];

const site = process.argv[2];
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(8)} kB`;
let over = 0;
for (const { what, max, files, optional } of BUDGETS) {
  let sum = 0;
  for (const file of files) {
    const plain = join(site, file);
    if (!existsSync(plain)) {
      if (optional) continue;
      console.error(`${file} is missing: run ./run --build`);
      over += 1;
      continue;
    }
    // Fonts are compressed already and are sent unchanged.
    const sent = file.endsWith(".woff2") ? plain : `${plain}.br`;
    if (!existsSync(sent)) {
      console.error(`${file}.br is missing: the site was built with --dev; run ./run --build`);
      over += 1;
      continue;
    }
    const bytes = statSync(sent).size;
    sum += bytes;
    console.log(`${kilobytes(bytes)}  of ${kilobytes(statSync(plain).size)}  ${file}`);
  }
  const verdict = sum <= max ? "within" : "OVER";
  if (sum > max) over += 1;
  console.log(`${kilobytes(sum)}  ${what}: ${verdict} the budget of${kilobytes(max)}\n`);
}
process.exit(over === 0 ? 0 : 1);
