//! On-ramp and off-ramp trades.

use serde::Deserialize;

use super::page;
use super::read::{self, Call, NumberOrText, filled};
use crate::Operation;
use crate::clock::compact;
use crate::envelope::Reply;
use crate::exact::Exact;
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::state::Books;
use crate::state::books::Trade;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewTrade {
    request_id: String,
    client_id: i64,
    request_type: NumberOrText,
    from_currency: String,
    to_currency: String,
    amount: Amount,
    #[serde(rename = "greenLinkVA")]
    green_link_va: Option<String>,
    file_id: Option<NumberOrText>,
    reference_no: Option<String>,
}

/// 1 is on-ramp; that 2 is off-ramp is inferred.
fn request_type(asked: &NumberOrText) -> Result<&'static str, Refusal> {
    match asked.0.as_str() {
        "1" | Trade::ON_RAMP => Ok(Trade::ON_RAMP),
        "2" | Trade::OFF_RAMP => Ok(Trade::OFF_RAMP),
        _ => Err(Refusal::field(
            "requestType must be 1 (OnRamp) or 2 (OffRamp)",
        )),
    }
}

/// An on-ramp that is paid by bank names its receipt.
fn receipt(asked: &NewTrade, books: &Books) -> Result<(), Refusal> {
    match asked.green_link_va.as_deref() {
        None | Some("No") => Ok(()),
        Some("Yes") => {
            let file = asked.file_id.as_ref();
            let file = file.ok_or_else(|| Refusal::missing_field("fileId"))?;
            if !books.files.contains_key(&file.id("fileId")?) {
                return Err(Refusal::not_found("fileId"));
            }
            let reference = asked.reference_no.as_deref().unwrap_or_default();
            filled("referenceNo", reference).map(|_| ())
        }
        Some(_) => Err(Refusal::field("greenLinkVA must be Yes or No")),
    }
}

pub(crate) async fn create(call: Call) -> Result<Reply, Refusal> {
    let asked: NewTrade = call.json()?;
    read::request_id(&asked.request_id)?;
    let request_type = request_type(&asked.request_type)?;
    read::currency("fromCurrency", &asked.from_currency)?;
    read::currency("toCurrency", &asked.to_currency)?;
    if asked.from_currency == asked.to_currency {
        let rule = "toCurrency must be another currency than fromCurrency";
        return Err(Refusal::field(rule));
    }
    let amount = read::positive("amount", asked.amount.0)?;
    let settings = call.gateway.settings();
    let now = call.now();
    let mut books = call.books();
    books.known_customer(asked.client_id)?;
    books.kyb_allows(asked.client_id, settings.require_kyb)?;
    if settings.require_fee_config && !books.fee_configs.contains_key(&asked.client_id) {
        let message = "a fee config of clientId must exist before a trade";
        return Err(Refusal::not_now(message));
    }
    receipt(&asked, &books)?;
    let total_fee = books.fee_config(Some(asked.client_id)).of(amount)?;
    if total_fee >= amount {
        return Err(Refusal::field("amount must be more than the fee"));
    }
    if Exact::from(amount - total_fee) + Exact::from(total_fee) != Exact::from(amount) {
        let rule = "amount has too many digits to be told from its fee";
        return Err(Refusal::field(rule));
    }
    books.take_request_id(&asked.request_id, settings.reject_duplicates)?;
    let id = call.gateway.new_id();
    let trade = Trade {
        id,
        tx_no: format!("TR{}{id}", compact(now)),
        client_id: asked.client_id,
        request_id: asked.request_id,
        from_currency: asked.from_currency,
        to_currency: asked.to_currency,
        amount,
        total_fee,
        request_type,
        status: Trade::PENDING.to_owned(),
        moved: false,
        created: now,
    };
    let request_id = trade.request_id.clone();
    books.effects.made(Operation::CreateTrade, request_id);
    let reply = Reply::data(&trade.shown())?;
    books.add_trade(trade);
    Ok(reply)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Confirmed {
    tx_no: String,
}

/// Starts the trade; the clock takes it to its end.
pub(crate) async fn confirm(call: Call) -> Result<Reply, Refusal> {
    let Confirmed { tx_no } = call.json()?;
    let (now, mut books) = (call.now(), call.books());
    let mut trades = books.trades.values().rev();
    let trade = trades.find(|trade| trade.tx_no == tx_no);
    let trade = trade.ok_or_else(|| Refusal::not_found("txNo"))?;
    if trade.status != Trade::PENDING {
        let message = format!("a trade that is {} can't be confirmed", trade.status);
        return Err(Refusal::not_now(message));
    }
    let id = trade.id;
    books.set_trade(id, Trade::PROCESSING, now);
    books.effects.made(Operation::ConfirmTransaction, tx_no);
    Ok(Reply::DONE)
}

pub(crate) async fn by_request_id(call: Call) -> Result<Reply, Refusal> {
    found(&call, "requestId", |trade, key| trade.request_id == key)
}

pub(crate) async fn by_tx_no(call: Call) -> Result<Reply, Refusal> {
    found(&call, "txNo", |trade, key| trade.tx_no == key)
}

/// The latest trade with this key.
fn found(call: &Call, name: &str, has: fn(&Trade, &str) -> bool) -> Result<Reply, Refusal> {
    let key = call.parameter(name)?;
    let books = call.books();
    let trade = books.trades.values().rev().find(|trade| has(trade, key));
    let trade = trade.ok_or_else(|| Refusal::not_found(name))?;
    Reply::data(&trade.shown())
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_query(&call)?;
    let customer = match call.optional("clientId") {
        Some(_) => Some(call.id("clientId")?),
        None => None,
    };
    let books = call.books();
    let of = |trade: &&Trade| customer.is_none_or(|customer| trade.client_id == customer);
    page.of(books.trades.values().filter(of), Trade::shown)
}
