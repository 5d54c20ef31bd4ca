// Layers are crates: `cargo tree` shows that no crate depends on what its layer forbids.
//   node scripts/test/layers.mjs [crate...]
import { execFileSync, spawnSync } from "node:child_process";

/** Crates for HTTP, TLS and asynchronous runtimes. */
const NETWORK = ["tokio", "hyper", "axum", "reqwest", "rustls", "native-tls", "openssl"];

/**
 * `forbidden` names crates that may not occur anywhere below a crate; `only` lists all that may occur directly below it.
 * serde_json and utoipa are serde's format and the schema of the same types (feature `openapi`).
 */
const LAYERS = {
  protocol: { only: ["serde", "serde_json", "uuid", "time", "utoipa"], forbidden: NETWORK },
  "guest-protocol": { only: ["protocol", "serde", "serde_json"], forbidden: NETWORK },
  guest: { forbidden: NETWORK },
  rates: { only: [], forbidden: NETWORK },
  access: { forbidden: ["axum", "sqlx", "bollard"] },
  terminal: { forbidden: ["axum", "sqlx", "bollard", "leptos"] },
  sandbox: { forbidden: ["axum", "sqlx", "leptos"] },
  store: { forbidden: ["axum", "bollard"] },
  app: { forbidden: ["server", "store", "sandbox"] },
  frontend: { forbidden: ["server", "store", "sandbox"] },
};

const metadata = JSON.parse(
  execFileSync("cargo", ["metadata", "--locked", "--no-deps", "--format-version", "1"], { encoding: "utf8", maxBuffer: 2 ** 26 }),
);
const members = metadata.packages.map(({ name }) => name);

// Every feature and every target: a dependency that only one of them has is a dependency.
const tree = (crate, ...more) =>
  spawnSync("cargo", ["tree", "--locked", "-p", crate, "-e", "normal", "--all-features", "--target", "all", ...more], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
const names = (output) => [...new Set(output.split("\n").map((line) => line.split(" ")[0]).filter(Boolean))];

const complaints = [];
for (const crate of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(LAYERS)) {
  if (!members.includes(crate)) {
    complaints.push(`${crate}: no such crate in the workspace`);
    continue;
  }
  const { only, forbidden } = LAYERS[crate];
  const whole = tree(crate, "--prefix", "none");
  if (whole.status !== 0) {
    complaints.push(`${crate}: cargo tree failed\n${whole.stderr}`);
    continue;
  }
  const below = names(whole.stdout).filter((name) => name !== crate);
  for (const name of below.filter((name) => forbidden.includes(name) || forbidden.includes(name.replace(/-core$/, "")))) {
    const path = tree(crate, "-i", name).stdout.trimEnd();
    complaints.push(`${crate} must not depend on ${name}:\n${path}`);
  }
  if (only) {
    const direct = names(tree(crate, "--prefix", "none", "--depth", "1").stdout).filter((name) => name !== crate);
    for (const name of direct.filter((name) => !only.includes(name))) complaints.push(`${crate} may only depend on ${only.join(", ")}, not on ${name}`);
  }
  console.log(`${crate}: ${below.length} crates below it`);
}
for (const complaint of complaints) console.error(complaint);
process.exit(complaints.length === 0 ? 0 : 1);
