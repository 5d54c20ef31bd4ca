// End-to-end tests: the real binary, the real container engine, a real browser, real codes.
// Refuses to know the product's inside: what is tested is what a user or a program outside can see.
import { defineConfig } from "@playwright/test";

import { inNetworkNamespace } from "./fixtures/network-namespace";

const chromium = process.env["REXEC_CHROMIUM"] ?? "/usr/bin/chromium";
// The same engine without the parts of a window, where nobody looks at one: stories take 40 % less time.
const headlessShell = process.env["REXEC_CHROMIUM_SHELL"] ?? chromium;

const args = [
  // Containers and continuous integration run as root, where the browser's own sandbox cannot start.
  "--no-sandbox",
  // The test machine may have no network but its own: the browser shall not try.
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
];
// WebGL without a graphics card: the terminal's first renderer, drawn by the processor, which is dear.
const card = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
function browser(of: string, more: string[]) {
  const { executablePath, args: before, env } = inNetworkNamespace(of);
  return { launchOptions: { executablePath, env, args: [...before, ...args, ...more] } };
}
// No cursor that blinks and nothing that slides, and one compiler of WASM instead of two: a fifth of the processor's time. The
// other project has all of it.
const spare = ["--force-prefers-reduced-motion", "--js-flags=--liftoff-only"];
// Where the terminal itself is the subject it is drawn by WebGL and in the whole browser, elsewhere by elements.
const DRAWN = /(shell|loading|walk)\.spec\.ts$/;
// Projects begin in their order, file by file: begun last, a long file would keep one browser busy and the others idle.
const LONG = /(lock|keyboard|screens|upstream)\.spec\.ts$/;

export default defineConfig({
  testDir: "./specs",
  globalSetup: "./fixtures/network-namespace/gateway.ts",
  outputDir: "../artefacts/end2end",
  // Each worker has a server and containers of its own. A story waits a good part of its time, so two cores carry three.
  workers: Number(process.env["REXEC_E2E_WORKERS"] ?? 3),
  // A test that passes at the second try hides a bug, in the product or in itself.
  retries: 0,
  forbidOnly: process.env["CI"] === "true",
  fullyParallel: false,
  // Waiting for an unused step of the authenticator can take half a minute, twice in some stories.
  timeout: 240_000,
  expect: { timeout: 45_000 },
  reporter: [["list"], ["json", { outputFile: "../artefacts/end2end.json" }]],
  use: {
    browserName: "chromium",
    actionTimeout: 45_000,
    navigationTimeout: 60_000,
    viewport: { width: 1280, height: 800 },
    // A trace of every step costs a quarter of the time; a failed story can be run again with one.
    trace: process.env["REXEC_E2E_TRACE"] === "1" ? "retain-on-failure" : "off",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "webgl", testMatch: DRAWN, use: browser(chromium, card) },
    { name: "long", testMatch: LONG, use: browser(headlessShell, ["--disable-gpu", ...spare]) },
    { name: "elements", testIgnore: [DRAWN, LONG], use: browser(headlessShell, ["--disable-gpu", ...spare]) },
  ],
});
