import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { LosslessNumber } from "lossless-json";
import type { CreatedCheckoutOrder } from "../generated/gateway.js";
import type { CheckoutOrderEvent, UploadedFile, User } from "../generated/provisional.js";
import { accepted, clients, connect, environment, Refusal, retdata } from "./client.js";
import { read } from "./json.js";
import { amounts, moneyNumber, moneyString, newOrder } from "./money.js";
import { receiver } from "./receiver.js";
import { expect, type Report } from "./report.js";
import { grants, sandbox } from "./sandbox.js";
import { tolerance, verifyDelivery } from "./webhook.js";

/** Walks through the gateway that the environment names. */
export async function flow(report: Report): Promise<void> {
  let statuses: number[] = [];
  const gateway = clients(async (request) => {
    const response = await fetch(request);
    statuses.push(response.status);
    return response;
  });
  const { documented, provisional, live, signKey } = gateway;
  const check = (name: string, run: () => Promise<void>) => report.check("flow", name, run);

  // Makes the keys of this run its own.
  const run = Date.now().toString(36);
  const orderNo = `${run}A`;
  // A later step uses what earlier ones left here.
  let customer: User | undefined;
  let order: CreatedCheckoutOrder | undefined;
  let file: UploadedFile | undefined;

  const rate = () =>
    documented.POST("/trade/exchange-rate", {
      body: { sellCurrency: "USDT", buyCurrency: "USD", amount: new LosslessNumber("358.79") },
    });

  await check("token", async () => {
    const token = await live();
    const text = await readFile(environment("STABLELINK_TOKEN_FILE"), "utf8");
    expect(text.includes(token), "the token is not in the file");
    expect((await grants()) === "1, 0", "it was not got by one call with credentials");
  });

  await check("refresh", async () => {
    const old = await live();
    await live(old);
    expect((await grants()) === "1, 1", "it was not refreshed by the refresh token");
    const { documented } = connect(fetch, signKey, async () => old);
    const { response } = await documented.GET("/checkout/order/info", { params: { query: { orderNo } } });
    expect(response.status === 401, `the old token is answered with HTTP ${response.status}`);
  });

  await check("exchange-rate", async () => {
    const { channelRate, rate: earlier } = retdata(await rate());
    expect(channelRate !== undefined || earlier !== undefined, "neither channelRate nor rate");
  });

  await check("create-user", async () => {
    const body = { email: `${run}@example.com`, fullName: "Example Limited", country: "VGB", clientType: 4 };
    customer = retdata(await documented.POST("/user/create-user", { body })) as User;
    expect(customer.id !== undefined, "the id of the new customer is missing");
  });

  await check("create-order", async () => {
    order = retdata(await documented.POST("/checkout/order/create", { body: newOrder(orderNo, "0.5") }));
    expect(order.payingAmount !== undefined, "payingAmount is missing");
    expect(order.depositAddress !== undefined && order.depositAddress !== "-1", "depositAddress is missing");
  });

  await check("order-info", async () => {
    const found = retdata(await documented.GET("/checkout/order/info", { params: { query: { orderNo } } }));
    expect(found.orderNo === orderNo && found.orderStatus === "PAYING", `the order is ${found.orderStatus}`);
  });

  await check("simulate", async () => {
    const paymentRequestDTO = { requestId: run, amount: new LosslessNumber("12.50"), requestType: "OnRamp" };
    const body = { event: "PAYMENT_REQUEST_CHANGED", paymentRequestDTO };
    accepted(await documented.POST("/base/notification/simulate", { body }));
  });

  await check("upload", async () => {
    const body = { file: new Blob(["paid in full\n"], { type: "text/plain" }), scene: 1 };
    file = retdata(await provisional.POST("/file/upload-file", { body, bodySerializer: form }));
    expect(file.fileId !== undefined, "fileId is missing");
  });

  await check("trade", async () => {
    const clientId = customer?.id;
    const fileId = file?.fileId;
    expect(clientId !== undefined && fileId !== undefined, "there is no customer or no file");
    const fees = { developerFixAmount: new LosslessNumber("0.50"), developerRate: new LosslessNumber("0.01") };
    accepted(await provisional.POST("/trade/create-fee-config", { body: { clientId, ...fees } }));
    const body = {
      requestId: run,
      clientId,
      requestType: 1,
      fromCurrency: "USD",
      toCurrency: "USDC",
      amount: new LosslessNumber("120.00"),
      fileId,
    };
    const trade = retdata(await provisional.POST("/trade/create-trade-request", { body }));
    expect(trade.txNo !== undefined && trade.requestId === run, "txNo is missing, or the requestId is another");
  });

  await check("webhook", async () => {
    const { url, next, close } = await receiver(signKey);
    try {
      await sandbox("webhook", { url });
      expect(order?.payingAmount !== undefined, "there is no order to pay");
      await sandbox("pay", { orderNo, amount: order.payingAmount });
      const { headers, body, verified } = await next;
      expect(verified, "the signature of the delivery is refused");
      const event = read(body.toString("utf8")) as CheckoutOrderEvent;
      expect(event.eventType === "CHECKOUT_ORDER_CHANGED", `an event of another kind: ${event.eventType}`);
      expect(event.data?.orderNo === orderNo && event.data.orderStatus === "PAID", "it does not tell that the order is paid");
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
    const answer = await documented.POST("/checkout/order/create", { body: newOrder("with blank", "0.5") });
    const refusal = refused(() => accepted(answer));
    expect(refusal !== undefined, "an order number with a blank is no refusal");
    expect(refusal.status === 200 && refusal.retcode === "00008", refusal.message);
    expect(refusal.retmsg.includes("orderNo"), refusal.message);
  });

  await check("shared-token", async () => {
    await promisify(execFile)(process.execPath, [process.argv[1] ?? "", "refresh"]);
    expect((await grants()) === "1, 2", "the other process did not refresh by the refresh token");
    statuses = [];
    accepted(await rate());
    expect(statuses.join() === "401,200", `the call met HTTP ${statuses.join()}, not a refused token and then success`);
    expect((await grants()) === "1, 2", "this process asked for a token of its own");
  });

  for (const [nth, amount] of amounts.entries()) {
    await report.check("money", `number ${amount}`, () => moneyNumber(gateway, `${run}N${nth}`, amount));
    await report.check("money", `string ${amount}`, () => moneyString(gateway, orderNo, `${run}T${nth}`, amount));
  }
}

/** The refusal that something throws. */
function refused(run: () => unknown): Refusal | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return undefined;
}

/** Writes the members of a body as the parts of a form. */
function form(body: object): FormData {
  const parts = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value !== undefined) parts.append(name, value instanceof Blob ? value : String(value));
  }
  return parts;
}
