/** Writes one line for each check, and keeps whether all passed. */
export class Report {
  passed = true;

  /** Notes a check, which failed if it throws. */
  async check(part: "vectors" | "flow" | "money", name: string, run: () => unknown): Promise<void> {
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

/** Throws unless something holds. */
export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
