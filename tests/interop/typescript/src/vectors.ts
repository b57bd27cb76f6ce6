import { readFile } from "node:fs/promises";
import { sign } from "./auth.js";
import { signedQuery, stringToSign } from "./message.js";
import { expect, type Report } from "./report.js";
import { age, isTimestamp, tolerance, verify } from "./webhook.js";

interface Vector {
  id: string;
  kind: "request" | "webhook" | "response-to" | "response";
  key: string;
  method?: string;
  timestamp: string;
  path?: string;
  query?: string;
  query_form?: string;
  body?: string;
  body_base64?: string;
  body_signed?: boolean;
  string_to_sign?: string;
  string_to_sign_base64?: string;
  signature: string;
}

interface Rejection {
  id: string;
  of: string;
  timestamp?: string | null;
  signature: string | null;
}

interface Vectors {
  keys: { name: string; value: string }[];
  signatures: Vector[];
  rejections: Rejection[];
  timestamps: { text: string; valid: boolean }[];
  freshness: { tolerance_ms: number; cases: { timestamp: string; now: string; result: string }[] };
}

/** Checks every vector of the file. */
export async function vectors(report: Report, file: string): Promise<void> {
  const { keys, signatures, rejections, timestamps, freshness }: Vectors = JSON.parse(await readFile(file, "utf8"));
  const keyOf = (vector: Vector) => {
    const key = keys.find(({ name }) => name === vector.key);
    expect(key !== undefined, `no key ${vector.key}`);
    return key.value;
  };
  for (const vector of signatures) {
    await report.check("vectors", vector.id, () => {
      const message = build(vector, vector.timestamp);
      const expected = bytes(vector.string_to_sign, vector.string_to_sign_base64);
      expect(expected.equals(message), `string to sign: ${Buffer.from(message)}`);
      expect(sign(keyOf(vector), message) === vector.signature, "the signature differs");
      expect(verify(keyOf(vector), message, vector), "the signature is not accepted");
    });
  }
  for (const rejection of rejections) {
    await report.check("vectors", rejection.id, () => {
      const of = signatures.find(({ id }) => id === rejection.of);
      expect(of !== undefined, `no message ${rejection.of}`);
      const timestamp = (rejection.timestamp === undefined ? of.timestamp : rejection.timestamp) ?? undefined;
      const signature = rejection.signature ?? undefined;
      expect(!verify(keyOf(of), build(of, timestamp ?? ""), { timestamp, signature }), "accepted");
    });
  }
  for (const [index, { text, valid }] of timestamps.entries()) {
    await report.check("vectors", `timestamps/${index}`, () => {
      expect(isTimestamp(text) === valid, `${JSON.stringify(text)}: valid is not ${valid}`);
    });
  }
  for (const [index, { timestamp, now, result }] of freshness.cases.entries()) {
    await report.check("vectors", `freshness/${index}`, () => {
      expect(freshness.tolerance_ms === tolerance, `the vectors use a tolerance of ${freshness.tolerance_ms} ms`);
      expect(age(timestamp, now) === result, `${timestamp} at ${now} is ${age(timestamp, now)}`);
    });
  }
}

/** Builds the string to sign from the parts of a message. */
function build(vector: Vector, timestamp: string): Uint8Array {
  const body = vector.body_signed === false ? new Uint8Array() : bytes(vector.body, vector.body_base64);
  if (vector.kind === "webhook" || vector.kind === "response") {
    return stringToSign("", timestamp, "", new Uint8Array(), body);
  }
  const { method = "", path = "", query = "", query_form = "" } = vector;
  return stringToSign(method, timestamp, path, signedQuery(query, query_form), body);
}

function bytes(text: string | undefined, base64: string | undefined): Buffer {
  return text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text);
}
