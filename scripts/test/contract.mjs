// TypeScript types of the REST contract for the browser suite, generated from docs/openapi.json.
//   node scripts/test/contract.mjs [--write]
// Without --write it fails if the generated file is not current.
import { readFileSync, writeFileSync } from "node:fs";

const DOCUMENT = "docs/openapi.json";
const TARGET = "end2end/fixtures/contract.ts";
const COLUMNS_MAX = 120;

const { schemas } = JSON.parse(readFileSync(DOCUMENT, "utf8")).components;

const isIdentifier = (name) => /^[A-Za-z_$][\w$]*$/.test(name);
const union = (types) => [...new Set(types)].join(" | ");
/** A type that has to be in parentheses before `[]` or inside an intersection. */
const grouped = (type) => (type.includes(" | ") ? `(${type})` : type);

/** The TypeScript type of a schema. */
function typeOf(schema) {
  if (schema === true || schema === undefined) return "unknown";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)));
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) return union(alternatives.map(typeOf));
  if (schema.allOf) return schema.allOf.map((part) => grouped(typeOf(part))).join(" & ");
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type })));
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `${grouped(typeOf(schema.items))}[]`;
    case "object":
      if (schema.properties) return `{ ${members(schema).join(" ")} }`;
      return `Record<string, ${typeOf(schema.additionalProperties)}>`;
    default:
      return "unknown";
  }
}

/** One line for each property of an object. */
function members(schema) {
  const required = new Set(schema.required);
  return Object.keys(schema.properties ?? {})
    .sort()
    .map((name) => {
      const key = isIdentifier(name) ? name : JSON.stringify(name);
      return `${key}${required.has(name) ? "" : "?"}: ${typeOf(schema.properties[name])};`;
    });
}

function declaration(name, schema) {
  if (schema.type === "object" && schema.properties) {
    return `export interface ${name} {\n${members(schema).map((member) => `  ${member}\n`).join("")}}`;
  }
  const line = `export type ${name} = ${typeOf(schema)};`;
  if (line.length <= COLUMNS_MAX) return line;
  const alternatives = schema.enum?.map((value) => JSON.stringify(value)) ?? (schema.oneOf ?? schema.anyOf).map(typeOf);
  return `export type ${name} =${alternatives.map((type) => `\n  | ${type}`).join("")};`;
}

/** The document has one schema for the pages of each list; here they are one generic type. */
const PAGE = "export interface Page<T> {\n  items: T[];\n  next?: string | null;\n}";

const generated = [
  `// Generated from ${DOCUMENT} by \`node scripts/test/contract.mjs --write\`. Do not edit.`,
  PAGE,
  ...Object.keys(schemas)
    .filter((name) => !name.startsWith("Page_"))
    .sort()
    .map((name) => declaration(name, schemas[name])),
  "",
].join("\n\n").replace(/\n\n$/, "\n");

if (process.argv.includes("--write")) {
  writeFileSync(TARGET, generated);
} else if (readFileSync(TARGET, "utf8") !== generated) {
  console.error(`${TARGET} is outdated: node scripts/test/contract.mjs --write`);
  process.exit(1);
}
