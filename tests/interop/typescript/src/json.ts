import { isLosslessNumber, isSafeNumber, parse, stringify } from "lossless-json";
import type { Middleware } from "openapi-fetch";
import { money } from "../generated/provisional.js";

/** Writes a body as JSON. Amounts are LosslessNumbers, which keep their digits. */
export function write(body: unknown): string {
  const text = stringify(body);
  if (text === undefined) throw new Error("the body cannot be written as JSON");
  return text;
}

/** Parses JSON. Amounts and numbers that JavaScript cannot represent are LosslessNumbers. */
export function read(text: string): unknown {
  return parse(text, (field, value) =>
    isLosslessNumber(value) && !money.has(field) && isSafeNumber(value.value) ? Number(value.value) : value,
  );
}

/** Replaces JSON.parse in openapi-fetch for successful responses. Errors contain no amounts. */
export const exact: Middleware = {
  async onResponse({ response }) {
    const text = await response.text();
    const headers = new Headers(response.headers);
    // openapi-fetch calls `json` only if the response has a length.
    headers.set("Content-Length", String(Buffer.byteLength(text)));
    const { status, statusText } = response;
    const copy = new Response(text === "" ? null : text, { status, statusText, headers });
    return Object.assign(copy, { json: async () => read(text) });
  },
};
