/** Writes one line for each check, and records whether all passed. */
export class Report {
  passed = true;

  /** Runs and reports a check, which fails if it throws. */
  async check(part: "vectors" | "responses" | "flow" | "money", name: string, run: () => unknown): Promise<void> {
    let line: { part: string; name: string; passed: boolean; detail?: string } = { part, name, passed: true };
    try {
      await run();
    } catch (error) {
      line = { part, name, passed: false, detail: describe(error) };
      this.passed = false;
    }
    console.log(JSON.stringify(line));
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}

/** Throws unless a condition holds. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
