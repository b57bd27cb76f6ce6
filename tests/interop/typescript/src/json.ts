import { isLosslessNumber, isSafeNumber, parse, stringify } from "lossless-json";
import type { Middleware } from "openapi-fetch";
import { money } from "../generated/provisional.js";

/** Writes a body as JSON. Money is a LosslessNumber, which keeps its digits. */
export function write(body: unknown): string {
  const text = stringify(body);
  if (text === undefined) throw new Error("there is no JSON for this body");
  return text;
}

/** Reads JSON. Money, and what no number of JavaScript holds, is a LosslessNumber; all other numbers are numbers. */
export function read(text: string): unknown {
  return parse(text, (member, value) =>
    isLosslessNumber(value) && !money.has(member) && isSafeNumber(value.value) ? Number(value.value) : value,
  );
}

/** Reads answers that way, where openapi-fetch has JSON.parse. Errors stay with that: there is no money in them. */
export const exact: Middleware = {
  async onResponse({ response }) {
    const text = await response.text();
    const headers = new Headers(response.headers);
    // Only where there is a length does openapi-fetch leave the reading to `json`.
    headers.set("Content-Length", String(Buffer.byteLength(text)));
    const { status, statusText } = response;
    const copy = new Response(text === "" ? null : text, { status, statusText, headers });
    return Object.assign(copy, { json: async () => read(text) });
  },
};
