//! The operations of the gateway, with a file for each kind of record.
//!
//! A handler reads the request with `call`, changes the ledger of the caller, and returns an
//! `OperationResult` or an `ApiError`, which `envelope` writes as JSON. The request already matches
//! the OpenAPI document; handlers check the other rules.
//!
//! Only names and handlers are listed here, because tests use the operations as an enum. Method,
//! path, evidence and idempotency key are in the OpenAPI document that the crate embeds, see
//! [`document`]. `stablelink_api::operations` is generated from the same document. The sandbox does
//! not use it: it would need the feature `provisional`, and Cargo would then enable that feature
//! for `stablelink-api` in every test of the client too. The sandbox would also repeat a wrong path
//! of the client instead of detecting it.

mod call;
mod checkout;
mod deposits;
mod events;
mod fees;
mod files;
mod remits;
mod trades;
mod users;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::header::ALLOW;
use http::{Method, Uri};

use crate::api_error::ApiError;
use crate::gateway::GatewayState;
use crate::{auth, document};

pub(crate) use deposits::deposit_address;

macro_rules! operations {
    ($($variant:ident = $id:literal => $handler:path,)*) => {
        /// An operation of the gateway. The variants have the names of the operationIds in the
        /// provisional OpenAPI document of the project, in which many paths are inferred.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum SandboxOperation {
            $(
                #[doc = concat!("`", $id, "`")]
                $variant,
            )*
        }

        impl SandboxOperation {
            /// All operations.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the operationId.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            fn handler(self) -> MethodRouter<Arc<GatewayState>> {
                let method = match self.method() {
                    Method::GET => MethodFilter::GET,
                    _ => MethodFilter::POST,
                };
                match self { $(Self::$variant => on(method, $handler),)* }
            }
        }
    };
}

operations! {
    IssueAccessToken = "issueAccessToken" => auth::issue_access_token,
    CreateUser = "createUser" => users::create_user,
    SubmitKyb = "submitKyb" => users::submit_kyb,
    GetUser = "getUser" => users::get_user,
    SubmitSimpleKyb = "submitSimpleKyb" => users::submit_simple_kyb,
    UpdateFeeConfig = "updateFeeConfig" => fees::update_fee_config,
    GetExchangeRate = "getExchangeRate" => fees::get_exchange_rate,
    CreateFeeConfig = "createFeeConfig" => fees::create_fee_config,
    GetFeeConfig = "getFeeConfig" => fees::get_fee_config,
    CreateTrade = "createTrade" => trades::create_trade,
    ConfirmTransaction = "confirmTransaction" => trades::confirm_transaction,
    GetTrade = "getTrade" => trades::get_trade,
    GetTransaction = "getTransaction" => trades::get_transaction,
    GetDepositAddress = "getDepositAddress" => deposits::get_deposit_address,
    ListReceiveTransactions = "listReceiveTransactions" => deposits::list_receive_transactions,
    GetReceiveTransaction = "getReceiveTransaction" => deposits::get_receive_transaction,
    ListTrades = "listTrades" => trades::list_trades,
    SimulateEvent = "simulateEvent" => events::simulate_event,
    ListEvents = "listEvents" => events::list_events,
    CreateCheckoutOrder = "createCheckoutOrder" => checkout::create_order,
    GetCheckoutOrder = "getCheckoutOrder" => checkout::get_order,
    CancelCheckoutOrder = "cancelCheckoutOrder" => checkout::cancel_order,
    CreateSettlementOrder = "createSettlementOrder" => checkout::create_settlement,
    CreateAbnormalPaymentRefund = "createAbnormalPaymentRefund" => checkout::refund_abnormal_payment,
    ListCheckoutOrders = "listCheckoutOrders" => checkout::list_orders,
    CreateFiatSettlementOrder = "createFiatSettlementOrder" => checkout::create_fiat_settlement,
    CancelSettlementOrder = "cancelSettlementOrder" => checkout::cancel_settlement,
    GetSettlementOrder = "getSettlementOrder" => checkout::get_settlement,
    ListSettlementOrders = "listSettlementOrders" => checkout::list_settlements,
    ListAbnormalPayments = "listAbnormalPayments" => checkout::list_abnormal_payments,
    CreateRefundOrder = "createRefundOrder" => checkout::create_refund,
    CancelRefundOrder = "cancelRefundOrder" => checkout::cancel_refund,
    GetRefundOrder = "getRefundOrder" => checkout::get_refund,
    ListRefundOrders = "listRefundOrders" => checkout::list_refunds,
    CreateRemit = "createRemit" => remits::create_remit,
    UpdateRemit = "updateRemit" => remits::update_remit,
    ListRemits = "listRemits" => remits::list_remits,
    GetRemit = "getRemit" => remits::get_remit,
    UploadFile = "uploadFile" => files::upload_file,
}

impl SandboxOperation {
    /// Returns the HTTP method.
    #[must_use]
    pub fn method(self) -> Method {
        document::entry(self).method.clone()
    }

    /// Returns the path.
    #[must_use]
    pub fn path(self) -> &'static str {
        document::entry(self).path
    }

    /// Returns the evidence level: `documented`, `partial` or `inferred`.
    pub(crate) fn evidence(self) -> &'static str {
        let level = document::entry(self).spec["x-evidence"]["level"].as_str();
        level.unwrap_or("inferred")
    }

    /// Returns the request field that is the idempotency key, if the operation has one.
    pub(crate) fn key_field(self) -> Option<&'static str> {
        document::entry(self).spec["x-retry"]["key"].as_str()
    }

    /// Returns the operation with this method and path.
    pub(crate) fn find(method: &Method, path: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|it| it.path() == path && document::entry(*it).method == *method)
    }
}

impl fmt::Display for SandboxOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The OpenAPI document has no operation with this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown operation `{0}`: expected an operationId such as createCheckoutOrder")]
pub struct UnknownOperation(String);

impl FromStr for SandboxOperation {
    type Err = UnknownOperation;

    fn from_str(id: &str) -> Result<Self, UnknownOperation> {
        let mut all = Self::ALL.iter().copied();
        all.find(|operation| operation.id() == id)
            .ok_or_else(|| UnknownOperation(id.to_owned()))
    }
}

/// Returns a router with every operation at its method and path.
pub(crate) fn router() -> Router<Arc<GatewayState>> {
    let mut router = Router::new();
    for operation in SandboxOperation::ALL {
        // Without its own handler, axum handles HEAD as GET, and a GET operation can have effects.
        let handler = operation.handler().head(unknown_method);
        router = router.route(operation.path(), handler.fallback(unknown_method));
    }
    router
        .fallback(unknown_path)
        // `server::request_log` has read the body with its own limit.
        .layer(DefaultBodyLimit::disable())
}

async fn unknown_path(uri: Uri) -> ApiError {
    ApiError::UnknownPath(uri.path().to_owned())
}

async fn unknown_method(method: Method, uri: Uri) -> Response {
    let mut all = SandboxOperation::ALL.iter();
    let allowed = all.find(|operation| operation.path() == uri.path());
    let allowed = allowed.map_or(Method::POST, |operation| operation.method());
    let error = ApiError::UnknownMethod(method, uri.path().to_owned());
    ([(ALLOW, allowed.to_string())], error).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn operations_are_those_of_the_document() {
        let document: serde_json::Value = serde_json::from_str(document::TEXT).unwrap();
        let mut expected = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                if let Some(id) = operation["operationId"].as_str() {
                    expected.insert(format!("{id} {} {path}", method.to_uppercase()));
                }
            }
        }
        let operations = SandboxOperation::ALL.iter();
        let actual = operations.map(|it| format!("{it} {} {}", it.method(), it.path()));
        assert_eq!(actual.collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn operation_is_found_by_id_and_by_method_and_path() {
        for operation in SandboxOperation::ALL {
            assert_eq!(operation.id().parse(), Ok(*operation));
            let found = SandboxOperation::find(&operation.method(), operation.path());
            assert_eq!(found, Some(*operation));
            assert!(["documented", "partial", "inferred"].contains(&operation.evidence()));
        }
        assert!("nothing".parse::<SandboxOperation>().is_err());
        let wrong_method = SandboxOperation::find(&Method::GET, "/checkout/order/create");
        assert_eq!(wrong_method, None);
        assert_eq!(SandboxOperation::IssueAccessToken.evidence(), "documented");
        assert_eq!(SandboxOperation::UploadFile.evidence(), "inferred");
        let key = SandboxOperation::CreateFiatSettlementOrder.key_field();
        assert_eq!(key, Some("settlementOrderNo"));
    }
}
