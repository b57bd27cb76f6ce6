"use strict";
const $ = id => document.getElementById(id);
const el = (name, text, kind) => {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const write = (id, text, kind) => { const place = $(id); if (place.textContent !== text) place.textContent = text; place.className = kind || ""; };
const iso = millis => new Date(millis).toISOString();
const time = millis => iso(millis).slice(11, 23);
const shortTime = millis => iso(millis).slice(11, 19);
const duration = seconds => seconds < 120 ? seconds + " s" : seconds < 7200 ? Math.floor(seconds / 60) + " min" : Math.floor(seconds / 3600) + " h " + Math.floor(seconds % 3600 / 60) + " min";
const GOOD = ["Completed", "PAID", "REFUNDED", "SETTLED", "APPROVED", "delivered", "documented", "HANDLED"];
const BAD = ["Failed", "Expired", "FAILED", "TIMEOUT", "REJECTED", "CANCELLED", "abandoned"];
const colour = status => GOOD.includes(status) ? "good" : BAD.includes(status) ? "bad" : "wait";
// A cell is a string or [string, class].
const state = status => [status, "tag " + colour(status)];
const num = text => [text, "num"];
const code = text => [text, "code"];
// An unchanged part is not rendered again, so that scroll position, focus and selection are kept.
const seen = {};
function same(id, value) {
  const text = JSON.stringify(value), is = seen[id] === text;
  seen[id] = text;
  return is;
}
function cell(value) {
  const [text, kind] = Array.isArray(value) ? value : [value];
  if (!kind || !kind.startsWith("tag")) return el("td", text ?? "", kind);
  const td = el("td");
  td.append(el("span", text, kind));
  return td;
}
function table(id, heads, rows, none) {
  if (same(id, [heads, rows])) return;
  const place = $(id);
  if (!rows.length) { place.replaceChildren(el("span", none, "soft")); return; }
  const made = el("table"), head = el("tr");
  heads.forEach((text, column) => {
    const th = el("th", text), first = rows[0][column];
    th.scope = "col";
    if (Array.isArray(first) && first[1] === "num") th.className = "num";
    head.append(th);
  });
  made.append(head);
  for (const row of rows) {
    const tr = el("tr");
    tr.append(...row.map(cell));
    made.append(tr);
  }
  place.replaceChildren(made);
}
const all = (status, kind) => status.clients.flatMap(client => client[kind]);
function balances(rows) {
  const amounts = new Map(), currencies = [...new Set(rows.map(it => it.currency))];
  for (const it of rows) {
    if (!amounts.has(it.account)) amounts.set(it.account, {});
    amounts.get(it.account)[it.currency] = it.amount ?? "too large";
  }
  table("balances", ["account", ...currencies], [...amounts].map(([account, of]) =>
    [account, ...currencies.map(currency => num(of[currency] ?? ""))]), "no transfers yet");
}
// The newest delivery is open at first; then the deliveries that the reader opened.
let open;
function delivery(it) {
  const made = el("details"), summary = el("summary");
  made.open = open.has(it.number);
  made.addEventListener("toggle", () => made.open ? open.add(it.number) : open.delete(it.number));
  summary.append(el("span", it.state, "tag " + colour(it.state)), el("b", it.event),
    el("span", "#" + it.number + " · " + it.eventId + " · to " + it.url, "soft"),
    el("span", it.dueAt ? "next attempt at " + shortTime(it.dueAt) : "", "wait"));
  made.append(summary);
  it.attempts.forEach((attempt, index) => {
    const parts = el("dl");
    const part = (name, ...values) => { const dd = el("dd"); dd.append(...values); parts.append(el("dt", name), dd); };
    part("attempt " + (index + 1), attempt.status
      ? el("span", "HTTP " + attempt.status, attempt.status < 300 ? "good" : "bad") : el("span", attempt.error, "bad"));
    const signed = el("pre");
    signed.append(el("mark", attempt.timestamp, "one"), el("mark", it.body, "two"));
    part("1  TIMESTAMP", el("mark", attempt.timestamp, "one code"), el("span", "  the header, in milliseconds: " + iso(Number(attempt.timestamp)), "soft"));
    part("2  body", el("mark", it.body.length + " characters", "two"), el("span", "  the bytes as they are sent", "soft"));
    part("3  signed message", el("span", "1 and 2, joined without a separator", "soft"), signed);
    part("4  key", "the sign key of client " + it.client + ", as UTF-8 bytes");
    part("5  SIGNATURE", el("code", attempt.signature), el("span", "  Base64(HMAC-SHA512(key, signed message))", "soft"));
    made.append(parts);
  });
  return made;
}
function tiles(status) {
  const { clock, clients, deliveries } = status, token = clients[0].token;
  write("clock", iso(clock.now).slice(11, 19));
  const ahead = Math.round(clock.offsetMillis / 1000);
  write("clockMore", iso(clock.now).slice(0, 10) + (clock.frozen ? ", frozen" : ahead ? ", moved by " + ahead + " s" : ""));
  write("token", token.accessExpiresAt ? "valid" : "none", token.accessExpiresAt ? "good" : "wait");
  write("tokenMore", token.accessExpiresAt
    ? "generation " + token.generation + ", " + duration(Math.max(0, Math.floor((token.accessExpiresAt - clock.now) / 1000))) + " left"
    : token.generation ? "generation " + token.generation + " has expired or was revoked" : "no token was requested");
  write("count", String(status.requestCount));
  const failed = status.requests.filter(it => it.retcode !== "200").length;
  write("countMore", failed ? failed + " of the latest " + status.requests.length + " failed" : "none of the latest requests failed");
  const delivered = deliveries.filter(it => it.state === "delivered").length;
  write("hooks", delivered + " delivered");
  write("hooksMore", clients[0].webhookUrl ? deliveries.length - delivered + " pending or abandoned" : "no URL is registered");
}
function show(status) {
  tiles(status);
  const mismatches = $("mismatches");
  mismatches.hidden = !status.mismatches.length;
  mismatches.lastElementChild.replaceChildren(...status.mismatches.map(text => el("p", text, "bad")));
  table("trades", ["state", "type", "amount", "fee", "", "txNo", "requestId", "client"], all(status, "trades").map(it =>
    [state(it.status), it.requestType, num(it.amount), num(it.totalFee), it.fromCurrency + " → " + it.toCurrency, code(it.txNo), code(it.requestId), it.clientId]), "no trade yet");
  table("orders", ["state", "to pay", "", "orderNo"], all(status, "orders").map(it =>
    [state(it.status), num(it.payingAmount), it.token, code(it.orderNo)]), "no order yet");
  balances(all(status, "balances"));
  table("customers", ["KYB", "clientId"], all(status, "customers").map(it => [state(it.kybStatus), it.clientId]), "no customer yet");
  table("moneyBack", ["state", "amount", "", "number"], [
    ...all(status, "refunds").map(it => [state(it.status), num(it.amount), "refund", code(it.refundOrderNo)]),
    ...all(status, "settlements").map(it => [state(it.status), num(it.amount ?? ""), "settlement", code(it.settlementOrderNo)])], "none yet");
  table("faults", ["injected", "", "fault"], status.faults.map(it => [num(it.injections), "#" + it.id, it.text ? code(it.text) : "added by the Rust API"]), "no fault");
  if (!same("deliveries", status.deliveries)) {
    open ??= new Set(status.deliveries.slice(0, 1).map(it => it.number));
    $("deliveries").replaceChildren(...(status.deliveries.length ? status.deliveries.map(delivery) : [el("span", "none yet", "soft")]));
  }
  table("tokens", ["client", "generation", "access token", "refresh token", "calls", "granted by credentials", "granted by refresh token", "webhook URL"],
    status.clients.map(({ index, token, webhookUrl }) => [index, token.generation,
      token.accessExpiresAt ? ["valid until " + shortTime(token.accessExpiresAt), "tag good"] : ["none", "tag wait"],
      token.refreshExpiresAt ? ["valid until " + shortTime(token.refreshExpiresAt), "tag good"] : ["none", "tag wait"],
      token.calls, token.grantedByCredentials, token.grantedByRefresh, webhookUrl || "none"]), "no client");
  table("requests", ["#", "time", "HTTP", "retcode", "evidence", "request", "operation", "client", "token", "faults"], status.requests.map(it =>
    [it.number, time(it.at), [it.status ?? "none", it.status >= 200 && it.status < 400 ? "" : "bad"], [it.retcode, it.retcode === "200" ? "good" : "bad"],
      it.evidence ? state(it.evidence) : "", code(it.method + " " + it.path), it.operation,
      it.client, it.tokenGeneration, it.faults.map(id => "#" + id).join(", ")]), "none yet");
}
async function poll() {
  try {
    const response = await fetch("/_sandbox/status", { cache: "no-store" });
    if (!response.ok) throw new Error("HTTP " + response.status);
    show(await response.json());
    write("alive", "live", "good");
    write("aliveMore", "updated every second");
  } catch (error) {
    write("alive", "no response", "bad");
    write("aliveMore", "the sandbox does not respond: " + error.message);
  }
  setTimeout(poll, 1000);
}
poll();
