// Verifies generated TypeScript types against the gateway, see tests/interop/README.md.
import { clients } from "./client.js";
import { flow } from "./flow.js";
import { Report } from "./report.js";
import { responses } from "./responses.js";
import { vectors } from "./vectors.js";

const [command, file] = process.argv.slice(2);
const report = new Report();
if (command === "vectors" && file !== undefined) {
  await vectors(report, file);
} else if (command === "responses" && file !== undefined) {
  await responses(report, file);
} else if (command === "flow") {
  await flow(report);
} else if (command === "refresh") {
  // Replaces the token in the file, which invalidates it for all processes.
  const { currentToken } = clients(fetch);
  await currentToken(await currentToken());
} else {
  throw new Error("usage: vectors FILE | responses FILE | flow | refresh");
}
process.exitCode = report.passed ? 0 : 1;
