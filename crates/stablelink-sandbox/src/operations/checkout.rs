//! Orders, abnormal payments, refunds and settlements of W Checkout.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::call::{
    AuthenticatedCall, CallResult, require_one_of, require_positive, require_text, respond_found,
};
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::ledger::{
    COIN_DIGITS, CheckoutId, OrderRecord, RecordKey, RefundRecord, RefundSource, SettlementRecord,
};
use crate::money::Amount;

/// Combinations of a blockchain and a coin that checkout supports.
const TOKENS: [&str; 7] = [
    "ETH_USDT", "ETH_USDC", "ETH_WUSD", "TRX_USDT", "TRX_USDC", "SOL_USDT", "SOL_USDC",
];

/// Coins for one dollar: the rate in the example of the page.
const EXCHANGE_RATE: Decimal = Decimal::from_parts(101, 0, 0, false, 2);

/// Default of `expiredIn` in seconds: the sandbox's choice.
const DEFAULT_EXPIRED_IN: i64 = 1800;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateOrderRequest {
    order_no: String,
    order_amount: Amount,
    customer_id: String,
    merchant_id: Option<String>,
    token: String,
    expired_in: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedOrder<'a> {
    sysid: &'a CheckoutId,
    order_no: &'a str,
    paying_amount: Amount,
    token: &'a str,
    coin_address: &'a str,
    exchange_rate: Amount,
    deposit_address: &'a str,
    payment_url: String,
    expired_in: u64,
    customer_id: &'a CheckoutId,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_id: &'a Option<CheckoutId>,
}

pub(super) fn create_order(call: &AuthenticatedCall) -> CallResult {
    let request: CreateOrderRequest = call.json()?;
    let settings = call.gateway.settings();
    require_text("customerId", &request.customer_id)?;
    if request.merchant_id.is_some() || settings.require_merchant_id {
        require_text(
            "merchantId",
            request.merchant_id.as_deref().unwrap_or_default(),
        )?;
    }
    let order_amount = require_positive("orderAmount", request.order_amount.0)?;
    let expired_in = u64::try_from(request.expired_in.unwrap_or(DEFAULT_EXPIRED_IN));
    let expired_in = expired_in.ok().filter(|seconds| *seconds > 0);
    let expired_in =
        expired_in.ok_or_else(|| ApiError::field("expiredIn must be greater than 0"))?;
    require_one_of("token", &request.token, &TOKENS)?;
    let paying_amount = order_amount
        .checked_mul(EXCHANGE_RATE)
        .ok_or_else(|| ApiError::field("orderAmount is too large"))?
        .round_dp_with_strategy(COIN_DIGITS, RoundingStrategy::AwayFromZero)
        .normalize();
    let now = call.now();
    let id = call.gateway.new_id();
    let checkout_id = |text| CheckoutId::new(text, settings.checkout_ids);
    let enabled = !settings.disabled_tokens.contains(&request.token);
    let order = OrderRecord {
        id,
        sysid: CheckoutId::sysid("OR", id, settings.checkout_ids),
        order_no: request.order_no,
        order_amount,
        paying_amount,
        customer_id: checkout_id(request.customer_id),
        merchant_id: request.merchant_id.map(checkout_id),
        expired_in,
        token: request.token,
        tx_hash: None,
        deposit_address: match enabled {
            true => format!("0x{id:040x}"),
            false => "-1".to_owned(),
        },
        status: OrderRecord::PAYING.to_owned(),
        created: now,
        updated: now,
        refunded_amount: Decimal::ZERO,
    };
    let mut ledger = call.ledger();
    if settings.reject_duplicates && ledger.orders.contains_key(&order.order_no) {
        return Err(ApiError::Duplicate("orderNo"));
    }
    let result = OperationResult::data(&CreatedOrder {
        sysid: &order.sysid,
        order_no: &order.order_no,
        paying_amount: Amount(paying_amount),
        token: &order.token,
        coin_address: &order.deposit_address,
        exchange_rate: Amount(EXCHANGE_RATE),
        deposit_address: &order.deposit_address,
        payment_url: format!("https://checkout.invalid/pay/{id}"),
        expired_in,
        customer_id: &order.customer_id,
        merchant_id: &order.merchant_id,
    })?;
    // The real gateway responds with a success for a disabled token. It is not known whether it
    // also creates an order.
    if enabled {
        let number = order.order_no.clone();
        let operation = SandboxOperation::CreateCheckoutOrder;
        ledger.effects.record(operation, number.clone());
        ledger.orders.insert(number.clone(), order);
        ledger.schedule(RecordKey::Order(number), now);
    }
    Ok(result)
}

pub(super) fn get_order(call: &AuthenticatedCall) -> CallResult {
    let order_no = call.parameter("orderNo")?;
    respond_found("orderNo", call.ledger().orders.get(order_no))
}

pub(super) fn cancel_order(call: &AuthenticatedCall) -> CallResult {
    call.cancel(
        "orderNo",
        |ledger, number| ledger.orders.get(number).map(|it| it.status.clone()),
        (
            RecordKey::Order,
            OrderRecord::PAYING,
            OrderRecord::CANCELLED,
        ),
        SandboxOperation::CancelCheckoutOrder,
    )
}

pub(super) fn list_orders(call: &AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    page.respond_sorted(call.ledger().orders.values(), |order| order.id)
}

pub(super) fn list_abnormal_payments(call: &AuthenticatedCall) -> CallResult {
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
pub(super) fn refund_abnormal_payment(call: &AuthenticatedCall) -> CallResult {
    let request: AbnormalPaymentRefundRequest = call.json()?;
    if let Some(token) = &request.token {
        require_one_of("token", token, &TOKENS)?;
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
    let operation = SandboxOperation::CreateAbnormalPaymentRefund;
    add_refund(call, request.refund_order_no, (source, amount), operation)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundRequest {
    refund_order_no: String,
    amount: Amount,
    order_no: Option<String>,
    abnormal_payment_no: Option<String>,
}

pub(super) fn create_refund(call: &AuthenticatedCall) -> CallResult {
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
    let operation = SandboxOperation::CreateRefundOrder;
    add_refund(call, request.refund_order_no, (source, amount), operation)
}

fn add_refund(
    call: &AuthenticatedCall,
    number: String,
    (source, amount): (RefundSource, Decimal),
    operation: SandboxOperation,
) -> CallResult {
    require_text("refundOrderNo", &number)?;
    let settings = call.gateway.settings();
    let (now, mut ledger) = (call.now(), call.ledger());
    if settings.reject_duplicates && ledger.refunds.contains_key(&number) {
        return Err(ApiError::Duplicate("refundOrderNo"));
    }
    ledger.check_refund(&source, amount)?;
    let id = call.gateway.new_id();
    let refund = RefundRecord {
        id,
        sysid: CheckoutId::sysid("RF", id, settings.checkout_ids),
        number: number.clone(),
        source,
        amount,
        status: RefundRecord::PENDING.to_owned(),
        is_transferred: false,
        created: now,
        updated: now,
    };
    let result = OperationResult::data(&refund)?;
    ledger.effects.record(operation, number.clone());
    ledger.refunds.insert(number.clone(), refund);
    ledger.schedule(RecordKey::Refund(number), now);
    Ok(result)
}

pub(super) fn get_refund(call: &AuthenticatedCall) -> CallResult {
    let number = call.parameter("refundOrderNo")?;
    respond_found("refundOrderNo", call.ledger().refunds.get(number))
}

pub(super) fn cancel_refund(call: &AuthenticatedCall) -> CallResult {
    call.cancel(
        "refundOrderNo",
        |ledger, number| ledger.refunds.get(number).map(|it| it.status.clone()),
        (
            RecordKey::Refund,
            RefundRecord::PENDING,
            RefundRecord::CANCELLED,
        ),
        SandboxOperation::CancelRefundOrder,
    )
}

pub(super) fn list_refunds(call: &AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    page.respond_sorted(call.ledger().refunds.values(), |refund| refund.id)
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

pub(super) fn create_settlement(call: &AuthenticatedCall) -> CallResult {
    let request: SettlementRequest = call.json()?;
    let token = request.token.as_deref();
    let token = token.ok_or_else(|| ApiError::missing_field("token"))?;
    require_one_of("token", token, &TOKENS)?;
    require_text("address", request.address.as_deref().unwrap_or_default())?;
    let amount = request.amount;
    let amount = amount.ok_or_else(|| ApiError::missing_field("amount"))?;
    require_positive("amount", amount.0)?;
    add_settlement(call, request, SandboxOperation::CreateSettlementOrder)
}

/// Creates a settlement in a fiat currency. The number is the only known field of its request.
pub(super) fn create_fiat_settlement(call: &AuthenticatedCall) -> CallResult {
    let request: SettlementRequest = call.json()?;
    add_settlement(call, request, SandboxOperation::CreateFiatSettlementOrder)
}

fn add_settlement(
    call: &AuthenticatedCall,
    request: SettlementRequest,
    operation: SandboxOperation,
) -> CallResult {
    let number = request.settlement_order_no;
    require_text("settlementOrderNo", &number)?;
    let settings = call.gateway.settings();
    let (now, mut ledger) = (call.now(), call.ledger());
    if settings.reject_duplicates && ledger.settlements.contains_key(&number) {
        return Err(ApiError::Duplicate("settlementOrderNo"));
    }
    let mut order_nos = request.order_nos.iter();
    if let Some(order_no) = order_nos.find(|it| !ledger.orders.contains_key(*it)) {
        return Err(ApiError::not_found(&format!("orderNo {order_no}")));
    }
    let id = call.gateway.new_id();
    let merchant_id = request.merchant_id;
    let settlement = SettlementRecord {
        id,
        sysid: CheckoutId::sysid("ST", id, settings.checkout_ids),
        number: number.clone(),
        merchant_id: merchant_id.map(|text| CheckoutId::new(text, settings.checkout_ids)),
        token: request.token,
        address: request.address,
        amount: request.amount.map(|amount| amount.0),
        order_nos: request.order_nos,
        status: SettlementRecord::PENDING.to_owned(),
        is_transferred: false,
        created: now,
        updated: now,
    };
    let result = OperationResult::data(&settlement)?;
    ledger.effects.record(operation, number.clone());
    ledger.settlements.insert(number.clone(), settlement);
    ledger.schedule(RecordKey::Settlement(number), now);
    Ok(result)
}

pub(super) fn get_settlement(call: &AuthenticatedCall) -> CallResult {
    let number = call.parameter("settlementOrderNo")?;
    respond_found("settlementOrderNo", call.ledger().settlements.get(number))
}

pub(super) fn cancel_settlement(call: &AuthenticatedCall) -> CallResult {
    call.cancel(
        "settlementOrderNo",
        |ledger, number| ledger.settlements.get(number).map(|it| it.status.clone()),
        (
            RecordKey::Settlement,
            SettlementRecord::PENDING,
            SettlementRecord::CANCELLED,
        ),
        SandboxOperation::CancelSettlementOrder,
    )
}

pub(super) fn list_settlements(call: &AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    page.respond_sorted(call.ledger().settlements.values(), |it| it.id)
}
