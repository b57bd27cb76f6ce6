//! The operations of the gateway, with a file for each kind of record.
//!
//! A handler reads the request with `call`, changes the ledger of the caller, and returns an
//! `OperationResult` or an `ApiError`, which `envelope` writes as JSON. The request already matches
//! the OpenAPI document; handlers check the other rules. `from_document` handles every operation
//! without a hand-written handler.
//!
//! Method, path, evidence and idempotency key of an operation are in the OpenAPI document that the
//! crate embeds, see [`document`](crate::document). `stablelink_api::operations` is generated from
//! the same document. The sandbox does not use it: it would need the feature `provisional`, and
//! Cargo would then enable that feature for `stablelink-api` in every test of the client too. The
//! sandbox would also repeat a wrong path of the client instead of detecting it.

mod access_token;
mod call;
mod checkout;
mod deposits;
mod events;
mod fees;
mod files;
mod from_document;
mod remits;
mod trades;
mod users;

use std::sync::Arc;

use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::request::Parts;

use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::gateway::GatewayState;
use crate::request::ReceivedRequest;
use call::{AuthenticatedCall, CallResult};

type Handler = fn(&AuthenticatedCall) -> CallResult;

/// Returns the hand-written handler of an operation.
fn handler(operation: SandboxOperation) -> Option<Handler> {
    use SandboxOperation as O;

    Some(match operation {
        O::CreateUser => users::create_user,
        O::SubmitKyb => users::submit_kyb,
        O::GetUser => users::get_user,
        O::SubmitSimpleKyb => users::submit_simple_kyb,
        O::UpdateFeeConfig => fees::update_fee_config,
        O::GetExchangeRate => fees::get_exchange_rate,
        O::CreateFeeConfig => fees::create_fee_config,
        O::GetFeeConfig => fees::get_fee_config,
        O::CreateTrade => trades::create_trade,
        O::ConfirmTransaction => trades::confirm_transaction,
        O::GetTrade => trades::get_trade,
        O::GetTransaction => trades::get_transaction,
        O::GetDepositAddress => deposits::get_deposit_address,
        O::ListReceiveTransactions => deposits::list_receive_transactions,
        O::GetReceiveTransaction => deposits::get_receive_transaction,
        O::ListTrades => trades::list_trades,
        O::SimulateEvent => events::simulate_event,
        O::ListEvents => events::list_events,
        O::CreateCheckoutOrder => checkout::create_order,
        O::GetCheckoutOrder => checkout::get_order,
        O::CancelCheckoutOrder => checkout::cancel_order,
        O::CreateSettlementOrder => checkout::create_settlement,
        O::CreateAbnormalPaymentRefund => checkout::refund_abnormal_payment,
        O::ListCheckoutOrders => checkout::list_orders,
        O::CreateFiatSettlementOrder => checkout::create_fiat_settlement,
        O::CancelSettlementOrder => checkout::cancel_settlement,
        O::GetSettlementOrder => checkout::get_settlement,
        O::ListSettlementOrders => checkout::list_settlements,
        O::ListAbnormalPayments => checkout::list_abnormal_payments,
        O::CreateRefundOrder => checkout::create_refund,
        O::CancelRefundOrder => checkout::cancel_refund,
        O::GetRefundOrder => checkout::get_refund,
        O::ListRefundOrders => checkout::list_refunds,
        O::CreateRemit => remits::create_remit,
        O::UpdateRemit => remits::update_remit,
        O::ListRemits => remits::list_remits,
        O::GetRemit => remits::get_remit,
        O::IssueAccessToken | O::UploadFile | O::Other(_) => return None,
    })
}

/// Handles a request that passed the other stages.
pub(crate) async fn dispatch(
    State(gateway): State<Arc<GatewayState>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let received = parts.extensions.get::<ReceivedRequest>();
    let operation = received.and_then(|it| Some((it.operation?, it.number)));
    let Some((operation, number)) = operation else {
        return unknown_operation(&parts);
    };
    if operation == SandboxOperation::IssueAccessToken {
        return access_token::issue_access_token(&gateway, number, &parts.uri).into_response();
    }
    let from_document = gateway.settings().respond_from_document;
    let call = match AuthenticatedCall::new(gateway, &parts) {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    match handler(operation) {
        _ if from_document || operation.has_outdated_handler() => {
            from_document::respond(&call, operation)
        }
        Some(handler) => from_document::respond_after(handler, &call, operation),
        None if operation == SandboxOperation::UploadFile => {
            let form = Multipart::from_request(Request::from_parts(parts, body), &()).await;
            files::upload_file(&call, form).await.into_response()
        }
        None => from_document::respond(&call, operation),
    }
}

/// Rejects a path without an operation, or a method that the operation does not have. HEAD is not
/// handled as GET, because a GET operation can have effects.
fn unknown_operation(parts: &Parts) -> Response {
    let path = parts.uri.path();
    let allowed = SandboxOperation::at(path).map(|operation| operation.method().to_string());
    let allowed: Vec<String> = allowed.collect();
    if allowed.is_empty() {
        return ApiError::UnknownPath(path.to_owned()).into_response();
    }
    let error = ApiError::UnknownMethod(parts.method.clone(), path.to_owned());
    ([(ALLOW, allowed.join(", "))], error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_operation_has_a_handler() {
        use SandboxOperation as O;

        for operation in O::all().filter(|it| handler(*it).is_none()) {
            let is_special = matches!(operation, O::IssueAccessToken | O::UploadFile);
            assert!(
                is_special || matches!(operation, O::Other(_)),
                "{operation}"
            );
        }
    }
}
