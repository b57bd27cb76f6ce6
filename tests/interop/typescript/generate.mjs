// Generates the types of a document: node generate.mjs DOCUMENT OUTPUT
//
// The command line of openapi-typescript cannot do this: a property with x-money: number becomes a LosslessNumber, because a
// JavaScript number would round it, and a binary part becomes a Blob. src/json.ts reads the names of those properties in `money`.

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
`,
});
await writeFile(output, astToString(types));
