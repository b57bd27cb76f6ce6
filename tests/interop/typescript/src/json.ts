import { isLosslessNumber, isSafeNumber, parse, stringify } from "lossless-json";
import { money } from "../generated/provisional.js";

/** Writes a body as JSON. Amounts are LosslessNumbers, which keep their digits. */
export function write(body: unknown): string {
  const text = stringify(body);
  if (text === undefined) throw new Error("the body cannot be written as JSON");
  return text;
}

/** The fields that identify the record of a request. A refund has an order number too, so that it is the last one. */
export const numbers = ["settlementOrderNo", "refundOrderNo", "requestId", "orderNo"];

/** The form of these numbers decides: 200.0 is not the retcode 200. */
const exact = new Set(["retcode", "success", ...numbers]);

/** Parses JSON. Amounts, and numbers that JavaScript cannot represent, are LosslessNumbers. */
export function read(text: string): unknown {
  return parse(text, (field, value) =>
    isLosslessNumber(value) && !money.has(field) && !exact.has(field) && isSafeNumber(value.value) ? Number(value.value) : value,
  );
}
