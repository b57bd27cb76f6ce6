import { readFile, rm } from "node:fs/promises";
import { isLosslessNumber } from "lossless-json";
import { clients, data, environment, retdata, type Clients } from "./client.js";
import { need, record, unreadableFields } from "./lenient.js";
import { newOrder } from "./money.js";
import { CallError, numbered, reads, type Outcome } from "./outcome.js";
import { records } from "./pages.js";
import { expect, type Report } from "./report.js";
import { readDelivery } from "./webhook.js";

interface Canned {
  /** Null if the gateway closes the connection without a response. */
  status: number | null;
  body: string;
}

interface ExpectedRecord {
  fields?: Record<string, string>;
  unreadable?: string[];
  retcode?: string;
  path?: string;
  /** The order number of the request. */
  number?: string;
}

type Expected = Outcome | "success";

interface Named {
  name: string;
}

interface Table {
  reads: string[];
  numbered: string[];
  calls: (Named & Canned & ExpectedRecord & { outcomes: Record<string, Expected> })[];
  tokens: (Named & Canned & { outcome: Expected })[];
  lists: (Named & { pages: string[]; orders: string[]; outcome: Expected; requests: [number, number][] })[];
  deliveries: (Named & ExpectedRecord & { body: string; outcome: Expected })[];
}

/** Checks every case of the file. */
export async function responses(report: Report, file: string): Promise<void> {
  const table: Table = JSON.parse(await readFile(file, "utf8"));
  const check = (name: string, run: () => unknown) => report.check("responses", name, run);
  await check("reads", () => expect(table.reads.join() === [...reads].join(), "the operations that change nothing differ"));
  await check("numbered", () => expect(table.numbered.join() === [...numbered].join(), "the operations with a number differ"));
  for (const { name, outcomes, ...canned } of table.calls) {
    for (const [operation, expected] of Object.entries(outcomes)) {
      await check(`${name}/${operation}`, () => checkCall(canned, operation, expected));
    }
  }
  for (const { name, ...token } of table.tokens) await check(`tokens/${name}`, () => checkToken(token));
  for (const { name, ...list } of table.lists) await check(`lists/${name}`, () => checkList(list));
  for (const { name, ...delivery } of table.deliveries) await check(`deliveries/${name}`, () => checkDelivery(delivery));
}

const ok = (body: string): Canned => ({ status: 200, body });
const someToken = ok('{"access_token":"token"}');

/**
 * Returns clients without a token. Each token request receives the same response, and other requests receive these responses,
 * of which the last one is repeated. The bodies of the other requests are added to `sent`.
 */
async function withResponses(responses: Canned[], token: Canned, sent: string[]): Promise<Clients> {
  await rm(environment("STABLELINK_TOKEN_FILE"), { force: true });
  return clients(async (request) => {
    let canned: Canned | undefined = token;
    if (!request.url.includes("/oauth2/token")) {
      sent.push(await request.text());
      canned = responses[Math.min(sent.length, responses.length) - 1];
    }
    if (!canned?.status) throw new TypeError("fetch failed");
    return new Response(canned.body === "" ? null : canned.body, { status: canned.status });
  });
}

/** Makes a call, and checks its record. */
async function makeCall({ documented }: Clients, operation: string, expected: ExpectedRecord): Promise<void> {
  const orderNo = expected.number ?? "A1";
  const params = { query: { orderNo } };
  if (operation === "create") {
    const body = newOrder(orderNo, "1");
    checkRecord(expected, retdata(await documented.POST("/checkout/order/create", { body }), "CreatedCheckoutOrder"));
  } else if (operation === "get") {
    checkRecord(expected, retdata(await documented.GET("/checkout/order/info", { params }), "CheckoutOrder"));
  } else {
    await documented.GET("/checkout/order/cancel", { params });
  }
}

function checkRecord({ fields = {}, unreadable = [] }: ExpectedRecord, found: object): void {
  const values = found as Record<string, unknown>;
  for (const [name, text] of Object.entries(fields)) {
    expect(canonical(values[name]) === canonical(text), `${name} is ${values[name]}, expected ${text}`);
  }
  // Times are strings in the generated types, so that any string is readable.
  const odd = unreadableFields(found);
  expect(odd.sort().join() === [...unreadable].sort().join(), `unreadable: ${odd}`);
  for (const name of unreadable) {
    let problem = "";
    try {
      need(values, name);
    } catch (error) {
      problem = String(error);
    }
    expect(problem.includes(`${name} is unreadable`), `${name}: ${problem}`);
  }
}

/** Returns the text of a value, without the zeros at the end of a fraction. */
function canonical(value: unknown): string {
  const text = isLosslessNumber(value) ? value.value : String(value);
  return text.includes(".") ? text.replace(/0+$/, "") : text;
}

async function checkCall(canned: Canned & ExpectedRecord, operation: string, expected: Expected): Promise<void> {
  const sent: string[] = [];
  const gateway = await withResponses([canned], someToken, sent);
  const error = await failureOf(makeCall(gateway, operation, canned));
  expect((error?.outcome ?? "success") === expected, `${error?.message}, expected ${expected}`);
  // Only a rejected token is a reason to send a call again.
  const sends = canned.status === 401 && expected === "rejected" ? 2 : 1;
  expect(sent.length === sends, `sent ${sent.length} times`);
  if (!error) return;
  const mayHaveTakenEffect = expected === "ambiguous" || (expected === "unreadable" && operation !== "get");
  expect(error.mayHaveTakenEffect === mayHaveTakenEffect, `mayHaveTakenEffect is ${error.mayHaveTakenEffect}`);
  const number = canned.number ?? "A1";
  const isFound = error.number === number && error.message.includes(`orderNo ${number}`);
  expect(isFound || !mayHaveTakenEffect, `the error has no number: ${error.message}`);
  expect(canned.retcode === undefined || error.retcode === canned.retcode, `the retcode is ${error.retcode}`);
  expect(error.message.includes(canned.path ?? ""), error.message);
}

/** Returns the CallError of a call. */
async function failureOf(call: Promise<unknown>): Promise<CallError | undefined> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallError) return error;
    throw error;
  }
  return undefined;
}

async function checkToken({ outcome, ...token }: Canned & { outcome: Expected }): Promise<void> {
  const sent: string[] = [];
  const gateway = await withResponses([ok('{"retcode":200,"retdata":{"orderNo":"A1"}}')], token, sent);
  const error = await failureOf(makeCall(gateway, "create", {}));
  expect((error?.outcome ?? "success") === outcome, `${error?.message}, expected ${outcome}`);
  if (!error) return;
  expect(!error.mayHaveTakenEffect && sent.length === 0, "the call was sent");
  expect(error.message.includes("nothing else was sent"), error.message);
}

async function checkList({ pages, orders, outcome, requests }: Omit<Table["lists"][number], "name">): Promise<void> {
  const sent: string[] = [];
  const canned = pages.map((page) => ok(`{"retcode":200,"retdata":${page}}`));
  const { provisional } = await withResponses(canned, someToken, sent);
  const load = async (pageNum: number, pageSize: number) =>
    data(await provisional.POST("/checkout/order/list", { body: { pageNum, pageSize } }));
  const found: unknown[] = [];
  const readAll = async () => {
    for await (const order of records(load)) found.push(need(record("CheckoutOrder", order), "orderNo"));
  };
  const error = await failureOf(readAll());
  expect((error?.outcome ?? "success") === outcome && found.join() === orders.join(), `${error?.message}, with ${found}`);
  const numbers = sent.map((body) => Object.values(JSON.parse(body)));
  expect(JSON.stringify(numbers) === JSON.stringify(requests), `requests: ${JSON.stringify(numbers)}`);
}

function checkDelivery({ body, outcome, ...expected }: Omit<Table["deliveries"][number], "name">): void {
  const schema = body.includes("ABNORMAL_PAYMENT") ? "AbnormalPayment" : "CheckoutOrderChange";
  let delivery: object;
  try {
    delivery = readDelivery(schema, Buffer.from(body)).data;
  } catch (error) {
    expect(outcome === "unreadable" && String(error).includes(expected.path ?? ""), String(error));
    return;
  }
  expect(outcome === "success", `expected ${outcome}`);
  checkRecord(expected, delivery);
}
