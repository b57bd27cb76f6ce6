// Shows that generated types for TypeScript get along with the gateway; see the README of tests/interop.
import { clients } from "./client.js";
import { flow } from "./flow.js";
import { Report } from "./report.js";
import { vectors } from "./vectors.js";

const [command, file] = process.argv.slice(2);
const report = new Report();
if (command === "vectors" && file !== undefined) {
  await vectors(report, file);
} else if (command === "flow") {
  await flow(report);
} else if (command === "refresh") {
  // Ends the token of the file, for this process and all others, and puts a new one there.
  const { live } = clients(fetch);
  await live(await live());
} else {
  throw new Error("usage: vectors FILE | flow | refresh");
}
process.exitCode = report.passed ? 0 : 1;
