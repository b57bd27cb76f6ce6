//! The operations: a file for each resource.
//!
//! Handlers read the request, change the books of the caller, and give a `Reply` or a `Refusal`;
//! `envelope` forms the answer. A request that arrives here is
//! what the document says; further rules are checked where it is read.

mod abnormal_payments;
mod deposits;
mod events;
mod exchange_rates;
mod fee_configs;
mod files;
mod orders;
mod page;
mod read;
mod refunds;
mod remits;
mod settlements;
mod trades;
mod users;

use std::sync::Arc;

use axum::Router;

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{Method, Uri};

use crate::refusal::Refusal;
use crate::state::Gateway;
use crate::{Operation, auth};

pub(crate) use deposits::address_of as deposit_address;

type Handler = MethodRouter<Arc<Gateway>>;

/// Every operation at its method and path.
pub(crate) fn router() -> Router<Arc<Gateway>> {
    let mut router = Router::new();
    for operation in Operation::ALL {
        let handler = handler(*operation).fallback(unknown_method);
        router = router.route(operation.path(), handler);
    }
    router
        .fallback(unknown_path)
        // The body is in memory by then, and was held to the limit of the settings.
        .layer(DefaultBodyLimit::disable())
}

fn handler(operation: Operation) -> Handler {
    use Operation as O;

    let method = match operation.method() {
        Method::GET => MethodFilter::GET,
        _ => MethodFilter::POST,
    };
    match operation {
        O::IssueAccessToken => on(method, auth::grant),
        O::CreateUser => on(method, users::create),
        O::GetUser => on(method, users::info),
        O::SubmitKyb => on(method, users::submit_kyb),
        O::SubmitSimpleKyb => on(method, users::submit_simple_kyb),
        O::CreateFeeConfig => on(method, fee_configs::create),
        O::UpdateFeeConfig => on(method, fee_configs::update),
        O::GetFeeConfig => on(method, fee_configs::info),
        O::GetExchangeRate => on(method, exchange_rates::get),
        O::CreateTrade => on(method, trades::create),
        O::ConfirmTransaction => on(method, trades::confirm),
        O::GetTrade => on(method, trades::by_request_id),
        O::GetTransaction => on(method, trades::by_tx_no),
        O::ListTrades => on(method, trades::list),
        O::GetDepositAddress => on(method, deposits::address),
        O::ListReceiveTransactions => on(method, deposits::list),
        O::GetReceiveTransaction => on(method, deposits::info),
        O::SimulateEvent => on(method, events::simulate),
        O::ListEvents => on(method, events::list),
        O::CreateCheckoutOrder => on(method, orders::create),
        O::GetCheckoutOrder => on(method, orders::info),
        O::CancelCheckoutOrder => on(method, orders::cancel),
        O::ListCheckoutOrders => on(method, orders::list),
        O::CreateSettlementOrder => on(method, settlements::create),
        O::CreateFiatSettlementOrder => on(method, settlements::create_fiat),
        O::GetSettlementOrder => on(method, settlements::info),
        O::CancelSettlementOrder => on(method, settlements::cancel),
        O::ListSettlementOrders => on(method, settlements::list),
        O::ListAbnormalPayments => on(method, abnormal_payments::list),
        O::CreateAbnormalPaymentRefund => on(method, abnormal_payments::refund),
        O::CreateRefundOrder => on(method, refunds::create),
        O::GetRefundOrder => on(method, refunds::info),
        O::CancelRefundOrder => on(method, refunds::cancel),
        O::ListRefundOrders => on(method, refunds::list),
        O::CreateRemit => on(method, remits::create),
        O::UpdateRemit => on(method, remits::update),
        O::GetRemit => on(method, remits::info),
        O::ListRemits => on(method, remits::list),
        O::UploadFile => on(method, files::upload),
    }
}

async fn unknown_path(uri: Uri) -> Refusal {
    Refusal::unknown_path(uri.path())
}

async fn unknown_method(method: Method, uri: Uri) -> Refusal {
    Refusal::unknown_method(&method, uri.path())
}
