// Generates the types of a document: node generate.mjs DOCUMENT OUTPUT
//
// The command line of openapi-typescript cannot do this: a property with x-money: number becomes a LosslessNumber, because a
// JavaScript number would round it, and a binary part becomes a Blob. src/json.ts reads the names of those properties in `money`,
// and src/lenient.ts compares the fields of a record with the types in `kinds`, because types do not exist at run time.

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [document, output] = process.argv.slice(2);
if (!document || !output) {
  throw new Error("usage: node generate.mjs DOCUMENT OUTPUT");
}
const source = JSON.parse(await readFile(document, "utf8"));

const money = new Set();
const others = new Set();
for (const schema of Object.values(source.components.schemas)) {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property["x-money"] === "number") {
      money.add(name);
    } else if (property.type === "number" || property.type === "integer") {
      others.add(name);
    }
  }
}
const both = [...money].filter((name) => others.has(name));
if (both.length > 0) {
  throw new Error(`${document}: the same name is an amount in one schema and another number in a second one: ${both.join(", ")}`);
}

/** Returns the JSON types that a property may have; none for any type. */
function kindsOf(property) {
  if (property.$ref) return kindsOf(source.components.schemas[property.$ref.split("/").at(-1)]);
  if (property["x-money"] === "number") return ["money"];
  const parts = property.oneOf ?? property.allOf;
  return parts ? parts.flatMap(kindsOf) : property.type ? [property.type] : [];
}
const kinds = {};
for (const [name, { properties = {} }] of Object.entries(source.components.schemas)) {
  kinds[name] = Object.fromEntries(Object.entries(properties).map(([field, property]) => [field, kindsOf(property)]));
}

const reference = (name) => ts.factory.createTypeReferenceNode(name);
const types = await openapiTS(source, {
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
  transform(schema) {
    if (schema["x-money"] === "number") return reference("LosslessNumber");
    if (schema.format === "binary") return reference("Blob");
    return undefined;
  },
  inject: `import type { LosslessNumber } from "lossless-json";
/** Properties that are amounts, as JSON numbers. */
export const money: ReadonlySet<string> = new Set(${JSON.stringify([...money].sort())});
/** The JSON types that the properties of each schema may have, "money" for an amount; none for any type. */
export const kinds: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = ${JSON.stringify(kinds)};
`,
});
await writeFile(output, astToString(types));
