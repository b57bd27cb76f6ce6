import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { LosslessNumber } from "lossless-json";
import type { CreatedCheckoutOrder, UploadedFile, User } from "../generated/provisional.js";
import { clients, connect, environment, retdata } from "./client.js";
import { need } from "./lenient.js";
import { amounts, moneyNumber, moneyString, newOrder } from "./money.js";
import { CallError } from "./outcome.js";
import { receiver } from "./receiver.js";
import { expect, type Report } from "./report.js";
import { grants, sandbox } from "./sandbox.js";
import { readDelivery, tolerance, verifyDelivery } from "./webhook.js";

/** Runs all steps against the gateway that the environment names. */
export async function flow(report: Report): Promise<void> {
  let statuses: number[] = [];
  const gateway = clients(async (request) => {
    const response = await fetch(request);
    statuses.push(response.status);
    return response;
  });
  const { documented, provisional, currentToken, signKey } = gateway;
  const check = (name: string, run: () => Promise<void>) => report.check("flow", name, run);

  // A prefix that makes the order numbers of this run unique.
  const run = Date.now().toString(36);
  const orderNo = `${run}A`;
  // Later steps use the results of earlier ones.
  let customer: User | undefined;
  let order: CreatedCheckoutOrder | undefined;
  let file: UploadedFile | undefined;

  const rate = () =>
    documented.POST("/trade/exchange-rate", {
      body: { sellCurrency: "USDT", buyCurrency: "USD", amount: new LosslessNumber("358.79") },
    });

  await check("token", async () => {
    const token = await currentToken();
    const text = await readFile(environment("STABLELINK_TOKEN_FILE"), "utf8");
    expect(text.includes(token), "the token is not in the file");
    expect((await grants()) === "1, 0", "the token was not granted by one request with credentials");
  });

  await check("refresh", async () => {
    const old = await currentToken();
    await currentToken(old);
    expect((await grants()) === "1, 1", "the token was not refreshed with the refresh token");
    const { documented } = connect(fetch, signKey, async () => old);
    const error = await failureOf(documented.GET("/checkout/order/info", { params: { query: { orderNo } } }));
    expect(error?.outcome === "rejected" && error.status === 401, `the old token is not rejected: ${error?.message}`);
  });

  await check("exchange-rate", async () => {
    const { channelRate, rate: earlier } = retdata(await rate(), "ExchangeRate");
    expect(channelRate !== undefined || earlier !== undefined, "neither channelRate nor rate");
  });

  await check("create-user", async () => {
    const body = { email: `${run}@example.com`, fullName: "Example Limited", country: "VGB", clientType: 4 };
    customer = retdata(await documented.POST("/user/create-user", { body }), "User");
    need(customer, "id");
  });

  await check("create-order", async () => {
    order = retdata(await documented.POST("/checkout/order/create", { body: newOrder(orderNo, "0.5") }), "CreatedCheckoutOrder");
    need(order, "payingAmount");
    expect(need(order, "depositAddress") !== "-1", "the token is not enabled: the order cannot be paid");
  });

  await check("order-info", async () => {
    const found = retdata(await documented.GET("/checkout/order/info", { params: { query: { orderNo } } }), "CheckoutOrder");
    expect(found.orderNo === orderNo && need(found, "orderStatus") === "PAYING", `the order is ${found.orderStatus}`);
  });

  await check("simulate", async () => {
    const paymentRequestDTO = { requestId: run, amount: new LosslessNumber("12.50"), requestType: "OnRamp" };
    const body = { event: "PAYMENT_REQUEST_CHANGED", paymentRequestDTO };
    await documented.POST("/base/notification/simulate", { body });
  });

  await check("upload", async () => {
    const body = { file: new Blob(["paid in full\n"], { type: "text/plain" }), scene: 1 };
    file = retdata(await provisional.POST("/file/upload-file", { body, bodySerializer: form }), "UploadedFile");
    need(file, "fileId");
  });

  await check("trade", async () => {
    const clientId = customer?.id;
    const fileId = file?.fileId;
    expect(clientId !== undefined && fileId !== undefined, "no user or no file was created");
    const fees = { developerFixAmount: new LosslessNumber("0.50"), developerRate: new LosslessNumber("0.01") };
    await provisional.POST("/trade/create-fee-config", { body: { clientId, ...fees } });
    const body = {
      requestId: run,
      clientId,
      requestType: 1,
      fromCurrency: "USD",
      toCurrency: "USDC",
      amount: new LosslessNumber("120.00"),
      fileId,
    };
    const trade = retdata(await provisional.POST("/trade/create-trade-request", { body }), "Trade");
    expect(need(trade, "txNo") !== "" && need(trade, "requestId") === run, "txNo is empty, or requestId differs");
  });

  await check("webhook", async () => {
    const { url, next, close } = await receiver(signKey);
    try {
      await sandbox("webhook", { url });
      expect(order?.payingAmount !== undefined, "no order was created");
      await sandbox("pay", { orderNo, amount: order.payingAmount });
      const { headers, body, verified } = await next;
      expect(verified, "the signature of the delivery is invalid");
      const { eventType, data } = readDelivery("CheckoutOrderChange", body);
      expect(eventType === "CHECKOUT_ORDER_CHANGED", `unexpected event: ${eventType}`);
      expect(data.orderNo === orderNo && need(data, "orderStatus") === "PAID", "the event does not report a paid order");
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(changed.length >> 1) ^ 1, changed.length >> 1);
      expect(!verifyDelivery(signKey, changed, headers), "a changed byte is accepted");
      const later = Date.now() + tolerance + 1000;
      expect(!verifyDelivery(signKey, body, headers, later), "an old timestamp is accepted");
    } finally {
      close();
    }
  });

  await check("error-envelope", async () => {
    const error = await failureOf(documented.POST("/checkout/order/create", { body: newOrder("with space", "0.5") }));
    expect(error?.outcome === "rejected", "an order number with a space was not rejected");
    expect(error.status === 200 && error.retcode === "00008" && error.message.includes("orderNo"), error.message);
  });

  await check("shared-token", async () => {
    await promisify(execFile)(process.execPath, [process.argv[1] ?? "", "refresh"]);
    expect((await grants()) === "1, 2", "the other process did not use the refresh token");
    statuses = [];
    await rate();
    expect(statuses.join() === "401,200", `the statuses are ${statuses.join()}, expected a rejected token and then success`);
    expect((await grants()) === "1, 2", "this process requested a token");
  });

  for (const [nth, amount] of amounts.entries()) {
    await report.check("money", `number ${amount}`, () => moneyNumber(gateway, `${run}N${nth}`, amount));
    await report.check("money", `string ${amount}`, () => moneyString(gateway, orderNo, `${run}T${nth}`, amount));
  }
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

/** Writes the fields of a body as the parts of a form. */
function form(body: object): FormData {
  const parts = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value !== undefined) parts.append(name, value instanceof Blob ? value : String(value));
  }
  return parts;
}
