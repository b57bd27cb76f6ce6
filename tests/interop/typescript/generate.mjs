// Makes types of a document: node generate.mjs DOCUMENT OUTPUT
//
// Beyond what the command line of openapi-typescript can do: a member with x-money: number is a LosslessNumber, for a number of
// JavaScript would round it, and a binary part is a Blob. `money` names those members for src/json.ts, which reads them.

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
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (member["x-money"] === "number") {
      money.add(name);
    } else if (member.type === "number" || member.type === "integer") {
      others.add(name);
    }
  }
}
const both = [...money].filter((name) => others.has(name));
if (both.length > 0) {
  throw new Error(`${document}: money in one schema, another number in the next: ${both.join(", ")}`);
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
/** Members that hold money as a JSON number. */
export const money: ReadonlySet<string> = new Set(${JSON.stringify([...money].sort())});
`,
});
await writeFile(output, astToString(types));
