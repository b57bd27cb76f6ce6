import { LosslessNumber } from "lossless-json";
import type { CreateCheckoutOrderRequest } from "../generated/gateway.js";
import { retdata, type Clients } from "./client.js";
import { need } from "./lenient.js";
import { expect } from "./report.js";

/** A JavaScript number can represent only the first one. */
export const amounts = ["1000.233567", "12345678901234567890.12"];

/** Returns an order of an amount. */
export function newOrder(orderNo: string, amount: string): CreateCheckoutOrderRequest {
  const orderAmount = new LosslessNumber(amount);
  return { orderNo, orderAmount, customerId: "6", merchantId: "1", token: "ETH_USDT", expiredIn: 1800 };
}

/** Creates an order and reads it back, as generated type and as response body. */
export async function moneyNumber({ documented }: Clients, orderNo: string, amount: string): Promise<void> {
  await documented.POST("/checkout/order/create", { body: newOrder(orderNo, amount) });
  const params = { query: { orderNo } };
  const orderAmount = need(retdata(await documented.GET("/checkout/order/info", { params }), "CheckoutOrder"), "orderAmount");
  expect(orderAmount.value === amount, `the value in the generated type is ${orderAmount}`);
  const { data } = await documented.GET("/checkout/order/info", { params, parseAs: "text" });
  checkField(data, "orderAmount", amount);
}

/** Creates a settlement and reads it back. */
export async function moneyString(
  { documented, provisional }: Clients,
  orderNo: string,
  settlementOrderNo: string,
  amount: string,
): Promise<void> {
  const address = "0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C";
  const body = { settlementOrderNo, merchantId: "1", token: "ETH_USDT", address, amount, orderNos: [orderNo] };
  await documented.POST("/checkout/settlement/create", { body });
  const params = { query: { settlementOrderNo } };
  const settlement = retdata(await provisional.GET("/checkout/settlement/info", { params }), "SettlementOrder");
  expect(settlement.amount === amount, `the value in the generated type is ${settlement.amount}`);
  const { data } = await provisional.GET("/checkout/settlement/info", { params, parseAs: "text" });
  checkField(data, "amount", JSON.stringify(amount));
}

/** Compares the JSON text of a field in the response body. */
function checkField(body: string | undefined, field: string, expected: string): void {
  const found = body?.match(`"${field}"\\s*:\\s*("[^"]*"|[^,}\\s]*)`)?.[1];
  expect(found === expected, `the response has ${field}: ${found}, expected ${expected}`);
}
