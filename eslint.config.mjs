// TypeScript of the terminal bundle and of the end-to-end tests, with types, and the small scripts of the build.
import js from "@eslint/js";
import tseslint from "typescript-eslint";

const typed = {
  files: ["frontend/xterm/**/*.ts", "end2end/**/*.ts"],
  extends: [js.configs.recommended, ...tseslint.configs.recommendedTypeChecked],
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    eqeqeq: "error",
    // A test that does not await a promise passes by chance.
    "@typescript-eslint/no-floating-promises": "error",
    "@typescript-eslint/switch-exhaustiveness-check": "error",
    "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  },
};

const browserTests = {
  files: ["end2end/specs/**/*.ts", "end2end/pages/**/*.ts"],
  rules: {
    "no-restricted-globals": ["error", { name: "setTimeout", message: "Wait for a condition, not for a time." }],
    "no-restricted-imports": ["error", "timers", "timers/promises", "node:timers", "node:timers/promises"],
  },
};

const tests = {
  files: ["end2end/**/*.ts"],
  rules: {
    // A fixed sleep is either too short or too long.
    "no-restricted-syntax": [
      "error",
      { selector: "CallExpression[callee.property.name='waitForTimeout']", message: "Wait for a condition, not for a time." },
    ],
    // A Playwright fixture without dependencies has an empty destructuring pattern.
    "no-empty-pattern": "off",
  },
};

const scripts = {
  files: ["**/*.mjs"],
  extends: [js.configs.recommended],
  languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly", Buffer: "readonly" } },
};

export default tseslint.config(
  { ignores: ["target/", "node_modules/", "dist/", "artefacts/", ".cache/", "docs/"] },
  typed,
  tests,
  browserTests,
  scripts,
);
