"use strict";
const $ = id => document.getElementById(id);
// Every value is written as text, so that markup in a value of a caller stays text.
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
const GOOD = ["Completed", "PAID", "REFUNDED", "SETTLED", "APPROVED", "delivered", "HANDLED", "success"];
const BAD = ["Failed", "Expired", "FAILED", "TIMEOUT", "REJECTED", "CANCELLED", "abandoned", "rejected", "fault", "no response"];
const colour = status => GOOD.includes(status) ? "good" : BAD.includes(status) ? "bad" : "wait";
// A cell is a string, a node, or [string, class].
const state = status => [status, "tag " + colour(status)];
const num = text => [text, "num"];
const code = text => [text, "code"];
// A line breaks between nodes only where there is a space.
const spaced = nodes => nodes.filter(Boolean).flatMap(node => [node, " "]);
// An unchanged part is not rendered again, so that scroll position, focus and selection are kept.
const seen = {};
function same(id, value) {
  const text = JSON.stringify(value), is = seen[id] === text;
  seen[id] = text;
  return is;
}
function cell(value) {
  const td = el("td");
  if (value instanceof Node) { td.append(value); return td; }
  const [text, kind] = Array.isArray(value) ? value : [value];
  if (!kind || !kind.startsWith("tag")) return el("td", text ?? "", kind);
  td.append(el("span", text, kind));
  return td;
}
// `data` decides whether the table is rendered again; `row` makes the cells of one entry of it.
function table(id, heads, data, row, none) {
  if (same(id, [heads, data])) return;
  const place = $(id);
  if (!data.length) { place.replaceChildren(el("span", none, "soft")); return; }
  const made = el("table"), head = el("tr"), rows = data.map(row);
  heads.forEach((text, column) => {
    const th = el("th", text), first = rows[0][column];
    th.scope = "col";
    if (Array.isArray(first) && first[1] === "num") th.className = "num";
    head.append(th);
  });
  made.append(head);
  for (const cells of rows) {
    const tr = el("tr");
    tr.append(...cells.map(cell));
    made.append(tr);
  }
  place.replaceChildren(made);
}
const all = (status, kind) => status.clients.flatMap(client => client[kind]);

// The control API.
async function control(method, path, body, done) {
  try {
    const response = await fetch("/_sandbox/" + path, { method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body) });
    const result = await response.json();
    if (!response.ok) throw new Error(result.error);
    write("done", typeof done === "function" ? done(result) : done, "good");
  } catch (error) {
    write("done", error.message, "bad");
  }
  await refresh();
}
function button(text, label, action) {
  const made = el("button", text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  return made;
}
const setter = (kind, key) => button("Set", "Set the status of " + kind + " " + key, () => {
  const form = $("set");
  form.kind.value = kind;
  suggest();
  form.key.value = key;
  form.status.focus();
});
const pay = (orderNo, amount) => control("POST", "pay", { orderNo, amount }, ({ abnormalPaymentNo }) => abnormalPaymentNo
  ? "the payment of " + amount + " for order " + orderNo + " is abnormal: it has the number " + abnormalPaymentNo : "order " + orderNo + " was paid with " + amount);
const FORMS = {
  pay: form => pay(form.orderNo.value, form.amount.value),
  set: form => control("POST", "records", { kind: form.kind.value, key: form.key.value, status: form.status.value }, form.kind.value + " " + form.key.value + " is " + form.status.value),
  advance: form => control("POST", "clock", { advanceSeconds: Number(form.seconds.value) }, "the clock was advanced by " + form.seconds.value + " s"),
  fault: form => control("POST", "faults", { fault: form.fault.value }, "the fault was added"),
  webhook: form => control("POST", "webhook", { url: form.url.value || null }, form.url.value ? "webhooks are sent to " + form.url.value : "no webhooks are sent"),
};
// Suggestions: every other status is accepted too.
const STATUSES = {
  order: ["PAYING", "PAID", "TIMEOUT", "CANCELLED", "REFUNDING", "PARTIAL_REFUNDED", "REFUNDED"],
  trade: ["Pending", "Processing", "Completed", "Failed", "Expired"],
  refund: ["PENDING_REFUND", "REFUNDING", "REFUNDED", "CANCELLED", "FAILED"],
  settlement: ["PENDING_SETTLEMENT", "SETTLING", "SETTLED", "CANCELLED", "FAILED"],
  kyb: ["NONE", "PENDING", "APPROVED", "REJECTED"],
};
const suggest = () => $("statuses").replaceChildren(...STATUSES[$("set").kind.value].map(status => new Option(status)));
$("set").kind.addEventListener("change", suggest);
suggest();
for (const [id, submit] of Object.entries(FORMS)) {
  $(id).addEventListener("submit", event => { event.preventDefault(); submit(event.target.elements); });
}

// Requests and deliveries.
let latest;
const stateOf = it => it.status === null ? "no response" : it.retcode === "200" ? "success" : it.retcode ? "rejected" : it.faults.length ? "fault" : it.status < 400 ? "success" : "rejected";
function parts(list) {
  const made = el("dl");
  for (const [name, ...values] of list) {
    const dd = el("dd");
    dd.append(...values);
    made.append(el("dt", name), dd);
  }
  return made;
}
const lines = headers => el("pre", headers.map(([name, value]) => name + ": " + value).join("\n"));
// A body is shown as it was received. Indenting it would parse its numbers, and JavaScript would round amounts.
const bodyText = text => el("pre", text || "empty");
const header = (headers, name) => (headers.find(it => it[0] === name) || [])[1];
// The numbers of the records that a request names.
const NUMBERS = ["orderNo", "requestId", "txNo", "refundOrderNo", "settlementOrderNo"];
function recordNumbers(it) {
  const found = new Set();
  for (const [name, value] of new URLSearchParams(it.query)) if (NUMBERS.includes(name)) found.add(value);
  for (const text of [it.body, it.responseBody]) {
    for (const name of NUMBERS) for (const match of text.matchAll(new RegExp("\"" + name + "\":\"([^\"\\\\]+)\"", "g"))) found.add(match[1]);
  }
  return [...found];
}
function reveal(details) {
  if (!details) return;
  details.open = true;
  details.scrollIntoView({ block: "center" });
  details.firstElementChild.focus({ preventScroll: true });
}
function deliveriesOf(it) {
  const numbers = recordNumbers(it);
  const link = delivery => button("#" + delivery.number + " " + delivery.event + ", " + delivery.state, "Open delivery " + delivery.number, () => reveal($("delivery" + delivery.number)));
  const caused = latest.deliveries.filter(delivery => delivery.request === it.number);
  const later = latest.deliveries.filter(delivery => delivery.request !== it.number && numbers.some(number => delivery.body.includes("\"" + number + "\"")));
  const none = () => el("span", "none", "soft");
  return [["caused deliveries", ...(caused.length ? caused.map(link) : [none()])], ["other deliveries of its record", ...(later.length ? later.map(link) : [none()])]];
}
function detail(it) {
  const signature = header(it.headers, "signature"), list = [["request", el("code", it.method + " " + it.path)]];
  if (it.query) list.push(["query", el("code", it.query)]);
  list.push(["headers", lines(it.headers)]);
  list.push(["body, " + it.bodyLength + " bytes", bodyText(it.body)]);
  if (signature) {
    const signed = el("pre");
    signed.append(...it.signedParts.map((part, index) => el("mark", part, index % 2 ? "two" : "one")));
    list.push(["signed message", el("span", "method, TIMESTAMP, path, query and body as the sandbox signs them, joined without a separator", "soft"), signed]);
    const valid = it.isSignatureValid;
    list.push(["SIGNATURE", el("span", valid === null ? "was not checked" : (valid ? "matches" : "does not match") + " the sign key of client " + it.client, valid === null ? "soft" : valid ? "good" : "bad")]);
  }
  if (it.status === null) list.push(["response", el("span", "none was sent", "bad")]);
  else {
    list.push(["response", el("span", "HTTP " + it.status + (it.retcode ? ", retcode " + it.retcode : ""), colour(stateOf(it)))]);
    if (it.fromDocument) list.push(["source", "the OpenAPI document: " + (it.fromDocument === "example" ? "an example" : "values of the schema")]);
    list.push(["response headers", lines(it.responseHeaders)], ["envelope", bodyText(it.responseBody)]);
  }
  if (it.faults.length) list.push(["faults", it.faults.map(id => "#" + id).join(", ")]);
  return parts([...list, ...deliveriesOf(it)]);
}
// The nodes of requests by number. A node is rendered again when its request changes, and stays open.
const nodes = new Map();
function request(it) {
  const text = JSON.stringify(it), known = nodes.get(it.number);
  if (known && known.text === text) return known.node;
  const made = el("details"), summary = el("summary", null, "row");
  const group = (...nodes) => { const cell = el("span"); cell.append(...spaced(nodes)); return cell; };
  // The columns that dashboard.html names.
  summary.append(...spaced([el("span", "#" + it.number, "soft"), el("span", time(it.at), "soft"), el("span", stateOf(it), "tag " + colour(stateOf(it))),
    el("b", it.operation ?? "no operation"), el("code", it.method + " " + it.path),
    el("span", "HTTP " + (it.status ?? "none") + (it.retcode ? ", retcode " + it.retcode : ""), "soft"),
    group(it.evidence && el("span", it.evidence, it.evidence), it.fromDocument && el("span", "from the document: " + it.fromDocument, "tag wait")),
    group(it.client !== null && el("span", "client " + it.client + (it.tokenGeneration ? ", token " + it.tokenGeneration : ""), "soft"),
      it.faults.length && el("span", "fault " + it.faults.map(id => "#" + id).join(", "), "tag bad"))]));
  made.append(summary);
  let loaded = false;
  const load = async () => {
    if (!made.open || loaded) return;
    loaded = true;
    let shown;
    try {
      const response = await fetch("/_sandbox/requests/" + it.number, { cache: "no-store" });
      const result = await response.json();
      shown = response.ok ? detail(result) : el("p", result.error, "bad");
    } catch (error) {
      // The next opening loads the details again.
      loaded = false;
      shown = el("p", "the sandbox does not respond: " + error.message, "bad");
    }
    while (made.childElementCount > 1) made.lastElementChild.remove();
    made.append(shown);
  };
  made.addEventListener("toggle", load);
  made.reload = () => { loaded = false; load(); };
  made.open = known ? known.node.open : false;
  nodes.set(it.number, { text, node: made });
  return made;
}
function requests(list) {
  const operations = $("operationFilter"), chosen = operations.value, wanted = $("stateFilter").value;
  const names = [...new Set(list.map(it => it.operation).filter(Boolean))].sort();
  if (!same("operationNames", names)) {
    operations.replaceChildren(new Option("all", ""), ...names.map(name => new Option(name, name)));
    operations.value = names.includes(chosen) ? chosen : "";
  }
  const filtered = list.filter(it => (!operations.value || it.operation === operations.value) && (!wanted || stateOf(it) === wanted));
  if (same("requests", [filtered, operations.value, wanted])) return;
  write("shown", filtered.length + " of the latest " + list.length);
  for (const number of nodes.keys()) if (!list.some(it => it.number === number)) nodes.delete(number);
  $("requests").replaceChildren(...(filtered.length ? filtered.map(request) : [el("span", "none", "soft")]));
}
for (const id of ["operationFilter", "stateFilter"]) $(id).addEventListener("change", () => requests(latest.requests));
// The newest delivery is open at first; then the deliveries that the reader opened.
let open;
function delivery(it) {
  const made = el("details"), summary = el("summary");
  made.id = "delivery" + it.number;
  made.open = open.has(it.number);
  made.addEventListener("toggle", () => made.open ? open.add(it.number) : open.delete(it.number));
  summary.append(...spaced([el("span", it.state, "tag " + colour(it.state)), el("b", it.event),
    el("span", "#" + it.number + " · " + it.eventId + " · to " + it.url + (it.request === null ? "" : " · caused by request #" + it.request), "soft"),
    it.dueAt && el("span", "next attempt at " + shortTime(it.dueAt), "wait")]));
  made.append(summary);
  const number = it.request, cause = number === null ? "the clock, a button or a command" : button("request #" + number, "Open request " + number, () => {
    $("operationFilter").value = $("stateFilter").value = "";
    requests(latest.requests);
    reveal(nodes.get(number)?.node);
  });
  const resend = button("Send again", "Send delivery " + it.number + " again", () => control("POST", "resend", { number: it.number }, "delivery #" + it.number + " is sent again"));
  it.attempts.forEach((attempt, index) => {
    const signed = el("pre");
    signed.append(el("mark", attempt.timestamp, "one"), el("mark", it.body, "two"));
    made.append(parts([
      ["attempt " + (index + 1), el("span", [attempt.status && "HTTP " + attempt.status, attempt.error].filter(Boolean).join(": "), attempt.status < 300 && !attempt.error ? "good" : "bad")],
      ["1  TIMESTAMP", el("mark", attempt.timestamp, "one code"), el("span", "  the header, in milliseconds: " + iso(Number(attempt.timestamp)), "soft")],
      ["2  body", el("mark", it.body.length + " characters", "two"), el("span", "  the bytes as they are sent", "soft")],
      ["3  signed message", el("span", "1 and 2, joined without a separator", "soft"), signed],
      ["4  key", "the sign key of client " + it.client + ", as UTF-8 bytes"],
      ["5  SIGNATURE", el("code", attempt.signature), el("span", "  Base64(HMAC-SHA512(key, signed message))", "soft")],
    ]));
  });
  made.append(parts([["caused by", cause, " ", resend]]));
  return made;
}
function balances(rows) {
  const amounts = new Map(), currencies = [...new Set(rows.map(it => it.currency))];
  for (const it of rows) {
    if (!amounts.has(it.account)) amounts.set(it.account, {});
    amounts.get(it.account)[it.currency] = it.amount ?? "too large";
  }
  table("balances", ["account", ...currencies], [...amounts], ([account, of]) =>
    [account, ...currencies.map(currency => num(of[currency] ?? ""))], "no transfers yet");
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
  const failed = status.requests.filter(it => stateOf(it) !== "success").length;
  write("countMore", failed ? failed + " of the latest " + status.requests.length + " failed" : "none of the latest requests failed");
  const delivered = deliveries.filter(it => it.state === "delivered").length;
  write("hooks", delivered + " delivered");
  write("hooksMore", clients[0].webhookUrl ? deliveries.length - delivered + " pending or abandoned" : "no URL is registered");
  $("webhook").elements.url.placeholder = clients[0].webhookUrl || "http://127.0.0.1:8787/";
}
function show(status) {
  latest = status;
  tiles(status);
  requests(status.requests);
  const mismatches = $("mismatches");
  mismatches.hidden = !status.mismatches.length;
  mismatches.lastElementChild.replaceChildren(...status.mismatches.map(text => el("p", text, "bad")));
  table("trades", ["state", "type", "amount", "fee", "currencies", "txNo", "requestId", "client", "change"], all(status, "trades"), it =>
    [state(it.status), it.requestType, num(it.amount), num(it.totalFee), it.fromCurrency + " → " + it.toCurrency, code(it.txNo), code(it.requestId), it.clientId, setter("trade", it.txNo)], "no trade yet");
  table("orders", ["state", "to pay", "coin", "orderNo", "change"], all(status, "orders"), it => {
    const change = el("span");
    if (it.status === "PAYING") change.append(button("Pay", "Pay order " + it.orderNo, () => pay(it.orderNo, it.payingAmount)), " ");
    change.append(setter("order", it.orderNo));
    return [state(it.status), num(it.payingAmount), it.token, code(it.orderNo), change];
  }, "no order yet");
  balances(all(status, "balances"));
  table("customers", ["KYB", "clientId", "change"], all(status, "customers"), it => [state(it.kybStatus), it.clientId, setter("kyb", it.clientId)], "no customer yet");
  table("moneyBack", ["state", "amount", "kind", "number", "change"], [
    ...all(status, "refunds").map(it => ["refund", it.refundOrderNo, it.status, it.amount]),
    ...all(status, "settlements").map(it => ["settlement", it.settlementOrderNo, it.status, it.amount ?? ""])], ([kind, number, status, amount]) =>
    [state(status), num(amount), kind, code(number), setter(kind, number)], "none yet");
  table("faults", ["injected", "number", "fault", "change"], status.faults, it =>
    [num(it.injections), "#" + it.id, it.text ? code(it.text) : "added by the Rust API", button("Remove", "Remove fault " + it.id, () => control("DELETE", "faults/" + it.id, null, "fault #" + it.id + " was removed"))], "no fault");
  if (!same("deliveries", [status.deliveries, status.clients[0].webhookUrl])) {
    // The details of a request contain its deliveries with their states.
    for (const { node } of nodes.values()) node.reload();
    open ??= new Set(status.deliveries.slice(0, 1).map(it => it.number));
    $("deliveries").replaceChildren(...(status.deliveries.length ? status.deliveries.map(delivery) : [el("span", latest.clients[0].webhookUrl ? "none yet" : "none: set a webhook URL first", "soft")]));
  }
  table("tokens", ["client", "generation", "access token", "refresh token", "calls", "granted by credentials", "granted by refresh token", "webhook URL"],
    status.clients.map(({ index, token, webhookUrl }) => ({ index, token, webhookUrl })), ({ index, token, webhookUrl }) => [index, token.generation,
      token.accessExpiresAt ? ["valid until " + shortTime(token.accessExpiresAt), "tag good"] : ["none", "tag wait"],
      token.refreshExpiresAt ? ["valid until " + shortTime(token.refreshExpiresAt), "tag good"] : ["none", "tag wait"],
      token.calls, token.grantedByCredentials, token.grantedByRefresh, webhookUrl || "none"], "no client");
}
async function refresh() {
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
}
async function poll() {
  await refresh();
  setTimeout(poll, 1000);
}
poll();
