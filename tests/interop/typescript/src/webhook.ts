import { timingSafeEqual } from "node:crypto";
import type { components } from "../generated/provisional.js";
import { sign } from "./auth.js";
import { isAmountOrStatus, record } from "./lenient.js";
import { stringToSign } from "./message.js";
import { fieldsOf } from "./outcome.js";

/** The maximum difference between a timestamp and the current time, in milliseconds. */
export const tolerance = 120_000;

/** The signature headers of a message. */
export interface SignatureHeaders {
  timestamp: string | undefined;
  signature: string | undefined;
}

/** Returns whether the headers match the string to sign, whatever their age. */
export function verify(key: string, message: Uint8Array, { timestamp, signature }: SignatureHeaders): boolean {
  if (timestamp === undefined || signature === undefined || !isTimestamp(timestamp)) {
    return false;
  }
  const [expected, given] = [Buffer.from(sign(key, message)), Buffer.from(signature)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** Returns whether a string is milliseconds since the epoch: digits without leading zeros, at most 64 bits. */
export function isTimestamp(text: string): boolean {
  return /^(0|[1-9][0-9]{0,19})$/.test(text) && BigInt(text) < 2n ** 64n;
}

/** Compares a timestamp with the current time. */
export function age(timestamp: string, now: string): "fresh" | "too-old" | "too-new" {
  const behind = BigInt(now) - BigInt(timestamp);
  if (behind > tolerance) return "too-old";
  return -behind > tolerance ? "too-new" : "fresh";
}

/** Verifies the raw bytes of a delivery, before they are parsed. */
export function verifyDelivery(key: string, body: Uint8Array, headers: SignatureHeaders, now = Date.now()): boolean {
  const { timestamp = "" } = headers;
  const message = stringToSign("", timestamp, "", new Uint8Array(), body);
  return verify(key, message, headers) && age(timestamp, String(now)) === "fresh";
}

type Schemas = components["schemas"];

/**
 * Reads the data of a delivery that was verified, in the schema of its event type. Throws, so that it is delivered again, if an
 * amount or a status is unreadable.
 */
export function readDelivery<K extends keyof Schemas>(schema: K, body: Uint8Array): { eventType: unknown; data: Schemas[K] } {
  const { eventType, data } = fieldsOf(new TextDecoder().decode(body)); // without a byte order mark
  try {
    return { eventType, data: record(schema, data, isAmountOrStatus) };
  } catch (error) {
    throw new Error(`data: ${error instanceof Error ? error.message : error}`);
  }
}
