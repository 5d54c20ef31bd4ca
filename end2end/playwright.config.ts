// Browser tests with the release binary, a container engine, a browser and TOTP codes. They use only interfaces that a
// user or an external program has.
import { defineConfig } from "@playwright/test";

import { inNetworkNamespace } from "./fixtures/network-namespace";

const chromium = process.env["REXEC_CHROMIUM"] ?? "/usr/bin/chromium";
// The same browser without its window code: tests take 40 % less time.
const headlessShell = process.env["REXEC_CHROMIUM_SHELL"] ?? chromium;

const args = [
  // Containers and continuous integration run as root, where the browser's own sandbox cannot start.
  "--no-sandbox",
  // The test machine may have no external network.
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
];
// WebGL rendered by the processor, which is slow but needs no graphics card.
const softwareWebGl = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
function browser(of: string, more: string[]) {
  const { executablePath, args: before, env } = inNetworkNamespace(of);
  return { launchOptions: { executablePath, env, args: [...before, ...args, ...more] } };
}
// Without animations, and with one compiler of WASM instead of two, which saves a fifth of the processor time. The
// other project has both.
const spare = ["--force-prefers-reduced-motion", "--js-flags=--liftoff-only"];
// WebGL and the complete browser are for the tests of the renderer; others use the DOM renderer.
const DRAWN = /renderer\.spec\.ts$/;

export default defineConfig({
  testDir: "./specs",
  globalSetup: "./fixtures/network-namespace/gateway.ts",
  outputDir: "../artefacts/end2end",
  // Each worker has its own server and containers. Tests mostly wait, so two cores serve three workers.
  workers: Number(process.env["REXEC_E2E_WORKERS"] ?? 3),
  // A test that passes on retry hides a bug.
  retries: 0,
  forbidOnly: process.env["CI"] === "true",
  // Test by test: a long file would leave the other workers idle at the end.
  fullyParallel: true,
  // Waiting for an unused step of the authenticator takes up to half a minute, twice in some tests.
  timeout: 240_000,
  expect: { timeout: 45_000 },
  reporter: [["list"], ["json", { outputFile: "../artefacts/end2end.json" }]],
  use: {
    browserName: "chromium",
    actionTimeout: 45_000,
    navigationTimeout: 60_000,
    viewport: { width: 1280, height: 800 },
    // Traces cost a quarter of the time; a failed test can be repeated with one.
    trace: process.env["REXEC_E2E_TRACE"] === "1" ? "retain-on-failure" : "off",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "webgl", testMatch: DRAWN, use: browser(chromium, softwareWebGl) },
    { name: "elements", testIgnore: DRAWN, use: browser(headlessShell, ["--disable-gpu", ...spare]) },
  ],
});
