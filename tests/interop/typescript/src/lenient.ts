import { LosslessNumber, isLosslessNumber } from "lossless-json";
import { kinds, type components } from "../generated/provisional.js";
import { objectOf } from "./outcome.js";

type Schemas = components["schemas"];

/** The unreadable fields of each record, with their values as received. */
const unreadable = new WeakMap<object, Map<string, unknown>>();

/** An unreadable requested amount is an error: as a missing amount it could be taken for another one. */
const isRequestedAmount = (field: string): boolean => field === "amount" || field === "orderAmount";

/** An unreadable amount or status in a delivery is an error, so that it is delivered again. */
export const isAmountOrStatus = (field: string) => /[mM]ount$|[sS]tatus$/.test(field);

/**
 * Returns the record of this schema without its unreadable fields: TypeScript does not check the types of a response. Throws
 * if a field that decides about a payment is unreadable.
 */
export function record<K extends keyof Schemas>(schema: K, data: unknown, decides = isRequestedAmount): Schemas[K] {
  const fields = objectOf(data);
  if (fields !== data) throw new Error("it is not an object");
  const readable: Record<string, unknown> = {};
  const odd = new Map<string, unknown>();
  for (const [field, value] of Object.entries(fields)) {
    const allowed = kinds[schema]?.[field] ?? [];
    const amount = allowed.includes("money") ? amountOf(value) : undefined;
    if (amount !== undefined || value === null || allowed.length === 0 || allowed.includes(kindOf(value))) {
      readable[field] = amount ?? value ?? undefined;
    } else if (decides(field) && value !== "") {
      throw new Error(`${field} is unreadable`);
    } else {
      odd.set(field, value);
    }
  }
  unreadable.set(readable, odd);
  return readable as Schemas[K];
}

function amountOf(value: unknown): LosslessNumber | undefined {
  if (isLosslessNumber(value)) return value;
  const isNumber = typeof value === "string" && /^-?[0-9]+(\.[0-9]+)?$/.test(value);
  return isNumber ? new LosslessNumber(value) : undefined;
}

/** Returns the JSON type of a value, as in the document. */
function kindOf(value: unknown): string {
  if (isLosslessNumber(value)) return /^-?[0-9]+$/.test(value.value) ? "integer" : "number";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** Returns the names of the unreadable fields of a record. */
export const unreadableFields = (record: object) => [...(unreadable.get(record)?.keys() ?? [])];

/** Returns the value of a field that decides about a payment. Throws if it is unreadable or missing. */
export function need<T extends object, F extends keyof T & string>(record: T, field: F): T[F] & {} {
  const value = record[field];
  if (value === undefined || value === null) {
    throw new Error(`${field} is ${unreadable.get(record)?.has(field) ? "unreadable" : "missing"}`);
  }
  return value;
}
