//! The operations, with a file for each kind of record.
//!
//! A handler reads the request with `call`, changes the ledger of the caller, and returns an
//! `OperationResult` or an `ApiError`, which `envelope` writes as JSON. The request already matches
//! the OpenAPI document; handlers check the other rules.

mod call;
mod checkout;
mod deposits;
mod events;
mod fees;
mod files;
mod remits;
mod trades;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{Method, Uri};

use crate::api_error::ApiError;
use crate::gateway::GatewayState;
use crate::{Operation, auth};

pub(crate) use deposits::deposit_address;

/// Returns a router with every operation at its method and path.
pub(crate) fn router() -> Router<Arc<GatewayState>> {
    let mut router = Router::new();
    for operation in Operation::ALL {
        let handler = handler(*operation).fallback(unknown_method);
        router = router.route(operation.path(), handler);
    }
    router
        .fallback(unknown_path)
        // `server::request_log` has read the body with its own limit.
        .layer(DefaultBodyLimit::disable())
}

fn handler(operation: Operation) -> MethodRouter<Arc<GatewayState>> {
    use Operation as O;

    let method = match operation.method() {
        Method::GET => MethodFilter::GET,
        _ => MethodFilter::POST,
    };
    match operation {
        O::IssueAccessToken => on(method, auth::issue_access_token),
        O::CreateUser => on(method, users::create_user),
        O::GetUser => on(method, users::get_user),
        O::SubmitKyb => on(method, users::submit_kyb),
        O::SubmitSimpleKyb => on(method, users::submit_simple_kyb),
        O::CreateFeeConfig => on(method, fees::create_fee_config),
        O::UpdateFeeConfig => on(method, fees::update_fee_config),
        O::GetFeeConfig => on(method, fees::get_fee_config),
        O::GetExchangeRate => on(method, fees::get_exchange_rate),
        O::CreateTrade => on(method, trades::create_trade),
        O::ConfirmTransaction => on(method, trades::confirm_transaction),
        O::GetTrade => on(method, trades::get_trade),
        O::GetTransaction => on(method, trades::get_transaction),
        O::ListTrades => on(method, trades::list_trades),
        O::GetDepositAddress => on(method, deposits::get_deposit_address),
        O::ListReceiveTransactions => on(method, deposits::list_receive_transactions),
        O::GetReceiveTransaction => on(method, deposits::get_receive_transaction),
        O::SimulateEvent => on(method, events::simulate_event),
        O::ListEvents => on(method, events::list_events),
        O::CreateCheckoutOrder => on(method, checkout::create_order),
        O::GetCheckoutOrder => on(method, checkout::get_order),
        O::CancelCheckoutOrder => on(method, checkout::cancel_order),
        O::ListCheckoutOrders => on(method, checkout::list_orders),
        O::CreateSettlementOrder => on(method, checkout::create_settlement),
        O::CreateFiatSettlementOrder => on(method, checkout::create_fiat_settlement),
        O::GetSettlementOrder => on(method, checkout::get_settlement),
        O::CancelSettlementOrder => on(method, checkout::cancel_settlement),
        O::ListSettlementOrders => on(method, checkout::list_settlements),
        O::ListAbnormalPayments => on(method, checkout::list_abnormal_payments),
        O::CreateAbnormalPaymentRefund => on(method, checkout::refund_abnormal_payment),
        O::CreateRefundOrder => on(method, checkout::create_refund),
        O::GetRefundOrder => on(method, checkout::get_refund),
        O::CancelRefundOrder => on(method, checkout::cancel_refund),
        O::ListRefundOrders => on(method, checkout::list_refunds),
        O::CreateRemit => on(method, remits::create_remit),
        O::UpdateRemit => on(method, remits::update_remit),
        O::GetRemit => on(method, remits::get_remit),
        O::ListRemits => on(method, remits::list_remits),
        O::UploadFile => on(method, files::upload_file),
    }
}

async fn unknown_path(uri: Uri) -> ApiError {
    ApiError::unknown_path(uri.path())
}

async fn unknown_method(method: Method, uri: Uri) -> ApiError {
    ApiError::unknown_method(&method, uri.path())
}
