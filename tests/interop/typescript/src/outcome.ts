import { isLosslessNumber } from "lossless-json";
import { numbers, read } from "./json.js";

export type Fetch = (request: Request) => Promise<Response>;

/**
 * The outcome of a call that failed:
 *
 * - `not-sent`: there is no token, so that the call was not sent
 * - `rejected`: the gateway rejected the call, which had no effect
 * - `ambiguous`: the call was sent, and it is unknown whether it took effect
 * - `unreadable`: the gateway reported a success, but the record cannot be read
 * - `failed`: a call that changes nothing failed
 */
export type Outcome = "not-sent" | "rejected" | "ambiguous" | "unreadable" | "failed";

/** The operations that change nothing. Any other one, even if it is a GET, may have taken effect if its outcome is unknown. */
export const reads: ReadonlySet<string> = new Set([
  "GET /checkout/order/info",
  "GET /checkout/refund/info",
  "GET /checkout/settlement/info",
  "GET /remit/get-remit-info",
  "GET /trade/get-deposit-address",
  "GET /trade/get-fee-config",
  "GET /trade/get-receive-transaction",
  "GET /trade/get-receive-transactions",
  "GET /trade/get-trade-list",
  "GET /trade/get-trade-request",
  "GET /trade/get-transaction",
  "GET /user/user-info",
  "POST /base/notification/event-page",
  "POST /checkout/abnormal-payment/list",
  "POST /checkout/order/list",
  "POST /checkout/refund/list",
  "POST /checkout/settlement/list",
  "POST /remit/remit-info-page",
  "POST /trade/exchange-rate",
]);

/** The operations whose record has the number of the request: a record without the number may be another one. */
export const numbered: ReadonlySet<string> = new Set([
  "GET /checkout/order/info",
  "POST /checkout/abnormal-payment/refund",
  "POST /checkout/fiat-settlement/create",
  "POST /checkout/order/create",
  "POST /checkout/refund/create",
  "POST /checkout/settlement/create",
  "POST /trade/create-trade-request",
]);

/** A server sends these statuses before it processes a request. A proxy may send any other 4xx after the gateway has processed it. */
const unprocessed = new Set([400, 401, 405, 413, 414, 415, 421, 425, 426, 429, 431]);

/** The request of a call. */
export interface Sent {
  changes: boolean;
  /** Whether the record of the response must have the number of the request. */
  isNumbered: boolean;
  /** The field of the request that identifies its record, with its value. */
  number: [field: string, value: string] | undefined;
}

/** A failed call. */
export class CallError extends Error {
  readonly number: string | undefined;
  readonly mayHaveTakenEffect: boolean;

  constructor(
    readonly outcome: Outcome,
    problem: string,
    sent: Sent = { changes: false, isNumbered: false, number: undefined },
    readonly status?: number,
    readonly retcode?: string,
  ) {
    const lookup = sent.number ? `look it up by ${sent.number.join(" ")}` : "look up the record before sending it again";
    const text = {
      "not-sent": "no token, so that nothing else was sent",
      rejected: "rejected",
      ambiguous: `sent, but the outcome is unknown; ${lookup}`,
      unreadable: `the gateway reported a success${sent.changes ? `; ${lookup}` : ""}`,
      failed: "failed",
    };
    super(`${text[outcome]}: ${problem}`);
    this.number = sent.number?.[1];
    this.mayHaveTakenEffect = sent.changes && (outcome === "ambiguous" || outcome === "unreadable");
  }
}

/** Reads the parts of a request that its errors need. The request can still be sent. */
async function describe(request: Request): Promise<Sent> {
  const { pathname, searchParams } = new URL(request.url);
  const isJson = request.headers.get("Content-Type") === "application/json";
  const fields = { ...Object.fromEntries(searchParams), ...fieldsOf(isJson ? await request.clone().text() : "") };
  const name = numbers.find((name) => fields[name]);
  const operation = `${request.method} ${pathname}`;
  return {
    changes: !reads.has(operation),
    isNumbered: numbered.has(operation),
    number: name ? [name, String(fields[name])] : undefined,
  };
}

/** Parses an object. Returns an empty one for any other text. */
export function fieldsOf(text: string): Record<string, unknown> {
  try {
    return objectOf(read(text));
  } catch {
    return {};
  }
}

export function objectOf(value: unknown): Record<string, unknown> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
  return isObject ? (value as Record<string, unknown>) : {};
}

/** Returns the retcode as a string; undefined if it is neither a whole number nor a string that can be a code. */
export function retcodeOf({ retcode }: Record<string, unknown>): string | undefined {
  if (isLosslessNumber(retcode)) return /^[0-9]{1,64}$/.test(retcode.value) ? retcode.value : undefined;
  return typeof retcode === "string" && /^[^\s\p{Cc}]{1,64}$/u.test(retcode) ? retcode : undefined;
}

/** Classifies a response. The retcode decides. If the status or the field `success` contradicts it, the outcome is unknown. */
export function classify(status: number, envelope: Record<string, unknown>): "success" | "rejected" | "unknown" {
  const retcode = retcodeOf(envelope);
  const flag = envelope["success"] ?? undefined;
  const flagged = flag === true || flag === "true" || (isLosslessNumber(flag) && flag.value === "1");
  const ok = status >= 200 && status < 300;
  if (retcode === undefined) return unprocessed.has(status) ? "rejected" : "unknown";
  if (retcode === "200") return ok && (flagged || flag === undefined) ? "success" : "unknown";
  return (ok && !flagged) || (status >= 400 && status < 500 && status !== 408) ? "rejected" : "unknown";
}

/** Returns whether the record of a response has another number than its request, or lacks the number that it must have. */
function isForeign({ number, isNumbered, changes }: Sent, retdata: unknown): boolean {
  const record = objectOf(retdata);
  if (!number) return false;
  // The response to a create may be that of a cancellation. A read reports it as unreadable.
  if (record !== retdata) return isNumbered && changes;
  const [field, expected] = number;
  const found = record[field];
  if (typeof found === "string") return found !== expected;
  const isInteger = isLosslessNumber(found) && /^-?\d+$/.test(found.value);
  if (isInteger && /^\d+$/.test(expected)) return BigInt(found.value) !== BigInt(expected);
  // A record that is only read may have its number in another form.
  return isNumbered && (changes || !isInteger);
}

/** Returns whether a call may be sent again with another token. HTTP 401 with the retcode of a success is ambiguous. */
export async function isTokenRejected(response: Response): Promise<boolean> {
  return response.status === 401 && classify(401, fieldsOf(await response.clone().text())) === "rejected";
}

const requests = new WeakMap<Response, Sent>();

/** Returns an error for a success whose record is unreadable. */
export function unreadable(response: Response, problem: string): CallError {
  return new CallError("unreadable", problem, requests.get(response), response.status);
}

/** Sends a request. Throws a CallError unless the response is a success. Amounts in its JSON keep their digits. */
export function checked(fetch: Fetch): Fetch {
  return async (request) => {
    const sent = await describe(request);
    const unknown = sent.changes ? "ambiguous" : "failed";
    let status: number;
    let text: string;
    try {
      const response = await fetch(request);
      status = response.status;
      text = await response.text(); // without a byte order mark
    } catch (error) {
      throw error instanceof CallError ? error : new CallError(unknown, `no response: ${error}`, sent);
    }
    const envelope = fieldsOf(text);
    const retcode = retcodeOf(envelope);
    const outcome = classify(status, envelope);
    if (outcome !== "success") {
      const problem = retcode ? `HTTP ${status}, retcode ${retcode}: ${envelope["retmsg"]}` : `HTTP ${status} without the gateway's envelope`;
      throw new CallError(outcome === "unknown" ? unknown : outcome, problem, sent, status, retcode);
    }
    if (isForeign(sent, envelope["retdata"])) {
      throw new CallError(unknown, "retdata may belong to another record", sent, status, retcode);
    }
    // openapi-fetch calls `json` only if the response has a length.
    const response = new Response(text, { status, headers: { "Content-Length": String(Buffer.byteLength(text)) } });
    requests.set(response, sent);
    return Object.assign(response, { json: async () => envelope });
  };
}
