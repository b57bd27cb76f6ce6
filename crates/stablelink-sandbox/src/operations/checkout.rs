//! Orders, abnormal payments, refunds and settlements of W Checkout.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::call::{
    AuthenticatedCall, CallResult, require_checkout_token, require_positive, require_text,
    respond_found,
};
use crate::Operation;
use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::ledger::{COIN_DIGITS, CheckoutOrder, RefundOrder, RefundSource, SettlementOrder};
use crate::money::Amount;

/// Coins for one dollar: the rate in the example of the page.
const EXCHANGE_RATE: Decimal = Decimal::from_parts(101, 0, 0, false, 2);

/// Default of `expiredIn` in seconds: the sandbox's choice.
const DEFAULT_EXPIRED_IN: i64 = 1800;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckoutOrderRequest {
    order_no: String,
    order_amount: Amount,
    customer_id: String,
    merchant_id: String,
    token: String,
    expired_in: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedOrder<'a> {
    sysid: i64,
    order_no: &'a str,
    paying_amount: Amount,
    token: &'a str,
    coin_address: &'a str,
    exchange_rate: Amount,
    deposit_address: &'a str,
    payment_url: String,
    expired_in: i64,
    customer_id: &'a str,
    merchant_id: &'a str,
}

pub(super) async fn create_order(call: AuthenticatedCall) -> CallResult {
    let request: CheckoutOrderRequest = call.json()?;
    let mut characters = request.order_no.bytes();
    if request.order_no.is_empty() || !characters.all(|it| it.is_ascii_alphanumeric()) {
        // Code and message were observed on the real gateway.
        let rule = "orderNo must contain only letters and numbers";
        return Err(ApiError::field(rule));
    }
    require_text("customerId", &request.customer_id)?;
    require_text("merchantId", &request.merchant_id)?;
    let order_amount = require_positive("orderAmount", request.order_amount.0)?;
    let expired_in = request.expired_in.unwrap_or(DEFAULT_EXPIRED_IN);
    if expired_in <= 0 {
        return Err(ApiError::field("expiredIn must be greater than 0"));
    }
    require_checkout_token(&request.token)?;
    let paying_amount = order_amount
        .checked_mul(EXCHANGE_RATE)
        .ok_or_else(|| ApiError::field("orderAmount is too large"))?
        .round_dp_with_strategy(COIN_DIGITS, RoundingStrategy::AwayFromZero)
        .normalize();
    let settings = call.gateway.settings();
    let now = call.now();
    let sysid = call.gateway.new_id();
    let enabled = !settings.disabled_tokens.contains(&request.token);
    let order = CheckoutOrder {
        sysid,
        order_no: request.order_no,
        order_amount,
        paying_amount,
        customer_id: request.customer_id,
        merchant_id: request.merchant_id,
        expired_in,
        token: request.token,
        tx_hash: None,
        deposit_address: match enabled {
            true => format!("0x{sysid:040x}"),
            false => "-1".to_owned(),
        },
        status: CheckoutOrder::PAYING.to_owned(),
        created: now,
        updated: now,
        refunded_amount: Decimal::ZERO,
    };
    let mut ledger = call.ledger();
    if settings.reject_duplicates && ledger.orders.contains_key(&order.order_no) {
        return Err(ApiError::duplicate("orderNo"));
    }
    let result = OperationResult::data(&CreatedOrder {
        sysid,
        order_no: &order.order_no,
        paying_amount: Amount(paying_amount),
        token: &order.token,
        coin_address: &order.deposit_address,
        exchange_rate: Amount(EXCHANGE_RATE),
        deposit_address: &order.deposit_address,
        payment_url: format!("https://checkout.invalid/pay/{sysid}"),
        expired_in,
        customer_id: &order.customer_id,
        merchant_id: &order.merchant_id,
    })?;
    // The real gateway responds with a success for a disabled token. It is not known whether it
    // also creates an order.
    if enabled {
        let effects = &mut ledger.effects;
        effects.record(Operation::CreateCheckoutOrder, order.order_no.clone());
        ledger.add_order(order);
    }
    Ok(result)
}

pub(super) async fn get_order(call: AuthenticatedCall) -> CallResult {
    let order_no = call.parameter("orderNo")?;
    respond_found("orderNo", call.ledger().orders.get(order_no))
}

pub(super) async fn cancel_order(call: AuthenticatedCall) -> CallResult {
    let order_no = call.parameter("orderNo")?;
    let (now, mut ledger) = (call.now(), call.ledger());
    let order = ledger.orders.get(order_no);
    let order = order.ok_or_else(|| ApiError::not_found("orderNo"))?;
    if order.status != CheckoutOrder::PAYING {
        let message = format!("an order that is {} cannot be cancelled", order.status);
        return Err(ApiError::invalid_state(message));
    }
    ledger.set_order_status(order_no, CheckoutOrder::CANCELLED, now);
    let effects = &mut ledger.effects;
    effects.record(Operation::CancelCheckoutOrder, order_no);
    Ok(OperationResult::EMPTY)
}

pub(super) async fn list_orders(call: AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    page.respond_sorted(call.ledger().orders.values(), |order| order.sysid)
}

pub(super) async fn list_abnormal_payments(call: AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    let ledger = call.ledger();
    page.respond_sorted(ledger.abnormal_payments.values(), |payment| {
        (payment.created, payment.number.clone())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AbnormalPaymentRefundRequest {
    refund_order_no: String,
    order_no: String,
    tx_hash: String,
    token: Option<String>,
}

/// Refunds the whole pending amount of the payment with this hash.
pub(super) async fn refund_abnormal_payment(call: AuthenticatedCall) -> CallResult {
    let request: AbnormalPaymentRefundRequest = call.json()?;
    if let Some(token) = &request.token {
        require_checkout_token(token)?;
    }
    let (source, amount) = {
        let ledger = call.ledger();
        let mut payments = ledger.abnormal_payments.values();
        let payment =
            payments.find(|it| it.order_no == request.order_no && it.hash == request.tx_hash);
        let what = "an abnormal payment of orderNo with txHash";
        let payment = payment.ok_or_else(|| ApiError::not_found(what))?;
        let source = RefundSource::AbnormalPayment(payment.number.clone());
        (source, payment.pending_amount)
    };
    let operation = Operation::CreateAbnormalPaymentRefund;
    add_refund(&call, request.refund_order_no, (source, amount), operation)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundRequest {
    refund_order_no: String,
    amount: Amount,
    order_no: Option<String>,
    abnormal_payment_no: Option<String>,
}

pub(super) async fn create_refund(call: AuthenticatedCall) -> CallResult {
    let request: RefundRequest = call.json()?;
    let amount = require_positive("amount", request.amount.0)?;
    if amount.normalize().scale() > COIN_DIGITS {
        let rule = format!("amount must have at most {COIN_DIGITS} decimal places");
        return Err(ApiError::field(rule));
    }
    let source = match (request.order_no, request.abnormal_payment_no) {
        (Some(number), None) => RefundSource::Order(number),
        (None, Some(number)) => RefundSource::AbnormalPayment(number),
        _ => {
            let rule = "exactly one of orderNo and abnormalPaymentNo is required";
            return Err(ApiError::field(rule));
        }
    };
    let operation = Operation::CreateRefundOrder;
    add_refund(&call, request.refund_order_no, (source, amount), operation)
}

fn add_refund(
    call: &AuthenticatedCall,
    number: String,
    (source, amount): (RefundSource, Decimal),
    operation: Operation,
) -> CallResult {
    require_text("refundOrderNo", &number)?;
    let reject_duplicates = call.gateway.settings().reject_duplicates;
    let (now, mut ledger) = (call.now(), call.ledger());
    if reject_duplicates && ledger.refunds.contains_key(&number) {
        return Err(ApiError::duplicate("refundOrderNo"));
    }
    ledger.check_refund(&source, amount)?;
    let refund = RefundOrder {
        sysid: call.gateway.new_id(),
        number: number.clone(),
        source,
        amount,
        status: RefundOrder::PENDING.to_owned(),
        is_transferred: false,
        created: now,
        updated: now,
    };
    let result = OperationResult::data(&refund)?;
    ledger.effects.record(operation, number);
    ledger.add_refund(refund);
    Ok(result)
}

pub(super) async fn get_refund(call: AuthenticatedCall) -> CallResult {
    let number = call.parameter("refundOrderNo")?;
    respond_found("refundOrderNo", call.ledger().refunds.get(number))
}

pub(super) async fn cancel_refund(call: AuthenticatedCall) -> CallResult {
    let number = call.parameter("refundOrderNo")?;
    let (now, mut ledger) = (call.now(), call.ledger());
    let refund = ledger.refunds.get(number);
    let refund = refund.ok_or_else(|| ApiError::not_found("refundOrderNo"))?;
    if refund.status != RefundOrder::PENDING {
        let message = format!("a refund that is {} cannot be cancelled", refund.status);
        return Err(ApiError::invalid_state(message));
    }
    ledger.set_refund_status(number, RefundOrder::CANCELLED, now);
    ledger.effects.record(Operation::CancelRefundOrder, number);
    Ok(OperationResult::EMPTY)
}

pub(super) async fn list_refunds(call: AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    page.respond_sorted(call.ledger().refunds.values(), |refund| refund.sysid)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettlementRequest {
    settlement_order_no: String,
    merchant_id: Option<String>,
    token: Option<String>,
    address: Option<String>,
    amount: Option<Amount>,
    #[serde(default)]
    order_nos: Vec<String>,
}

pub(super) async fn create_settlement(call: AuthenticatedCall) -> CallResult {
    let request: SettlementRequest = call.json()?;
    let token = request.token.as_deref();
    require_checkout_token(token.ok_or_else(|| ApiError::missing_field("token"))?)?;
    require_text("address", request.address.as_deref().unwrap_or_default())?;
    let amount = request.amount;
    let amount = amount.ok_or_else(|| ApiError::missing_field("amount"))?;
    require_positive("amount", amount.0)?;
    add_settlement(&call, request, Operation::CreateSettlementOrder)
}

/// The number is the only known field of a settlement in fiat.
pub(super) async fn create_fiat_settlement(call: AuthenticatedCall) -> CallResult {
    let request: SettlementRequest = call.json()?;
    add_settlement(&call, request, Operation::CreateFiatSettlementOrder)
}

fn add_settlement(
    call: &AuthenticatedCall,
    request: SettlementRequest,
    operation: Operation,
) -> CallResult {
    let number = request.settlement_order_no;
    require_text("settlementOrderNo", &number)?;
    let reject_duplicates = call.gateway.settings().reject_duplicates;
    let (now, mut ledger) = (call.now(), call.ledger());
    if reject_duplicates && ledger.settlements.contains_key(&number) {
        return Err(ApiError::duplicate("settlementOrderNo"));
    }
    let mut order_nos = request.order_nos.iter();
    if let Some(order_no) = order_nos.find(|it| !ledger.orders.contains_key(*it)) {
        return Err(ApiError::not_found(&format!("orderNo {order_no}")));
    }
    let settlement = SettlementOrder {
        sysid: call.gateway.new_id(),
        number: number.clone(),
        merchant_id: request.merchant_id,
        token: request.token,
        address: request.address,
        amount: request.amount.map(|amount| amount.0),
        order_nos: request.order_nos,
        status: SettlementOrder::PENDING.to_owned(),
        is_transferred: false,
        created: now,
        updated: now,
    };
    let result = OperationResult::data(&settlement)?;
    ledger.effects.record(operation, number);
    ledger.add_settlement(settlement);
    Ok(result)
}

pub(super) async fn get_settlement(call: AuthenticatedCall) -> CallResult {
    let number = call.parameter("settlementOrderNo")?;
    respond_found("settlementOrderNo", call.ledger().settlements.get(number))
}

pub(super) async fn cancel_settlement(call: AuthenticatedCall) -> CallResult {
    let number = call.parameter("settlementOrderNo")?;
    let (now, mut ledger) = (call.now(), call.ledger());
    let settlement = ledger.settlements.get(number);
    let settlement = settlement.ok_or_else(|| ApiError::not_found("settlementOrderNo"))?;
    if settlement.status != SettlementOrder::PENDING {
        let status = &settlement.status;
        let message = format!("a settlement that is {status} cannot be cancelled");
        return Err(ApiError::invalid_state(message));
    }
    ledger.set_settlement_status(number, SettlementOrder::CANCELLED, now);
    let effects = &mut ledger.effects;
    effects.record(Operation::CancelSettlementOrder, number);
    Ok(OperationResult::EMPTY)
}

pub(super) async fn list_settlements(call: AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    page.respond_sorted(call.ledger().settlements.values(), |it| it.sysid)
}
