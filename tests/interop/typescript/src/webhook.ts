import { timingSafeEqual } from "node:crypto";
import { sign } from "./auth.js";
import { stringToSign } from "./message.js";

/** How far the timestamp of a message may be off, either way, in milliseconds. */
export const tolerance = 120_000;

/** The headers of a message, as they came. */
export interface Signed {
  timestamp: string | undefined;
  signature: string | undefined;
}

/** Whether the headers belong to the string to sign, whatever their age. */
export function verify(key: string, message: Uint8Array, { timestamp, signature }: Signed): boolean {
  if (timestamp === undefined || signature === undefined || !isTimestamp(timestamp)) {
    return false;
  }
  const [expected, given] = [Buffer.from(sign(key, message)), Buffer.from(signature)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** Whether a text is milliseconds since the epoch: digits without a leading zero, of at most 64 bits. */
export function isTimestamp(text: string): boolean {
  return /^(0|[1-9][0-9]{0,19})$/.test(text) && BigInt(text) < 2n ** 64n;
}

/** Holds a timestamp against the time now. */
export function age(timestamp: string, now: string): "fresh" | "too-old" | "too-new" {
  const behind = BigInt(now) - BigInt(timestamp);
  if (behind > tolerance) return "too-old";
  return -behind > tolerance ? "too-new" : "fresh";
}

/** Verifies a delivery over its raw bytes, before anything reads them. */
export function verifyDelivery(key: string, body: Uint8Array, headers: Signed, now = Date.now()): boolean {
  const { timestamp = "" } = headers;
  const message = stringToSign("", timestamp, "", new Uint8Array(), body);
  return verify(key, message, headers) && age(timestamp, String(now)) === "fresh";
}
