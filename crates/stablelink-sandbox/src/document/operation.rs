//! The operations of the document.

use std::fmt;
use std::str::FromStr;

use http::Method;
use serde_json::Value;

use super::openapi::{OperationEntry, entries, entry, match_path};
use crate::auth;

macro_rules! operations {
    ($($variant:ident = $id:literal,)*) => {
        /// An operation of the gateway. The variants have the names of the operationIds in the
        /// provisional OpenAPI document of the project, in which many paths are inferred.
        ///
        /// Tests name the operations with a hand-written handler. Every other operation of the
        /// document is an [`Other`](Self::Other).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum SandboxOperation {
            $(
                #[doc = concat!("`", $id, "`")]
                $variant,
            )*
            /// An operation without a hand-written handler. Parse its operationId to get it.
            Other(OtherOperation),
        }

        impl SandboxOperation {
            /// Returns the operationId.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                    Self::Other(OtherOperation(id)) => id,
                }
            }

            fn from_entry(entry: &OperationEntry) -> Self {
                match entry.id {
                    $($id => Self::$variant,)*
                    id => Self::Other(OtherOperation(id)),
                }
            }
        }
    };
}

/// The operationId of a [`SandboxOperation::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OtherOperation(&'static str);

operations! {
    IssueAccessToken = "issueAccessToken",
    CreateUser = "createUser",
    SubmitKyb = "submitKyb",
    GetUser = "getUser",
    SubmitSimpleKyb = "submitSimpleKyb",
    UpdateFeeConfig = "updateFeeConfig",
    GetExchangeRate = "getExchangeRate",
    CreateFeeConfig = "createFeeConfig",
    GetFeeConfig = "getFeeConfig",
    CreateTrade = "createTrade",
    ConfirmTransaction = "confirmTransaction",
    GetTrade = "getTrade",
    GetTransaction = "getTransaction",
    GetDepositAddress = "getDepositAddress",
    ListReceiveTransactions = "listReceiveTransactions",
    GetReceiveTransaction = "getReceiveTransaction",
    ListTrades = "listTrades",
    SimulateEvent = "simulateEvent",
    ListEvents = "listEvents",
    CreateCheckoutOrder = "createCheckoutOrder",
    GetCheckoutOrder = "getCheckoutOrder",
    CancelCheckoutOrder = "cancelCheckoutOrder",
    CreateSettlementOrder = "createSettlementOrder",
    CreateAbnormalPaymentRefund = "createAbnormalPaymentRefund",
    ListCheckoutOrders = "listCheckoutOrders",
    CreateFiatSettlementOrder = "createFiatSettlementOrder",
    CancelSettlementOrder = "cancelSettlementOrder",
    GetSettlementOrder = "getSettlementOrder",
    ListSettlementOrders = "listSettlementOrders",
    ListAbnormalPayments = "listAbnormalPayments",
    CreateRefundOrder = "createRefundOrder",
    CancelRefundOrder = "cancelRefundOrder",
    GetRefundOrder = "getRefundOrder",
    ListRefundOrders = "listRefundOrders",
    CreateRemit = "createRemit",
    UpdateRemit = "updateRemit",
    ListRemits = "listRemits",
    GetRemit = "getRemit",
    UploadFile = "uploadFile",
}

impl SandboxOperation {
    /// Returns all operations of the document.
    pub fn all() -> impl Iterator<Item = Self> {
        entries().iter().map(Self::from_entry)
    }

    /// Returns the HTTP method.
    #[must_use]
    pub fn method(self) -> Method {
        entry(self.id()).method.clone()
    }

    /// Returns the path, in which parameters are in braces. It is empty if the operation was
    /// removed from the document.
    #[must_use]
    pub fn path(self) -> &'static str {
        entry(self.id()).path
    }

    /// Returns the operation object of the document.
    pub(crate) fn spec(self) -> &'static Value {
        entry(self.id()).spec
    }

    /// Returns the evidence level: `documented`, `partial` or `inferred`.
    pub(crate) fn evidence(self) -> &'static str {
        let level = self.spec()["x-evidence"]["level"].as_str();
        level.unwrap_or("inferred")
    }

    /// Returns whether the document has other request fields than the hand-written handler: the page of the operation was
    /// captured after the handler was written.
    pub(crate) fn has_outdated_handler(self) -> bool {
        self.spec()["x-outdated-method"] == true
    }

    /// Returns the request field that is the idempotency key, if the operation has one.
    pub(crate) fn key_field(self) -> Option<&'static str> {
        self.spec()["x-retry"]["key"].as_str()
    }

    /// Returns the operation with this method and path.
    pub(crate) fn find(method: &Method, path: &str) -> Option<Self> {
        let mut matching = Self::at(path);
        matching.find(|operation| entry(operation.id()).method == *method)
    }

    /// Returns the operations with this path.
    pub(crate) fn at(path: &str) -> impl Iterator<Item = Self> {
        let entries = entries().iter();
        let matching = entries.filter(move |entry| match_path(entry.path, path).is_some());
        matching.map(Self::from_entry)
    }

    /// Returns the decoded values of the parameters in the path of a request.
    pub(crate) fn path_parameters(self, path: &str) -> impl Iterator<Item = (String, String)> {
        let parameters = match_path(self.path(), path).unwrap_or_default();
        let parameters = parameters.into_iter();
        parameters.map(|(name, value)| {
            let value = auth::percent_decode(value);
            let value = String::from_utf8_lossy(&value).into_owned();
            (name.to_owned(), value)
        })
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
        Self::all()
            .find(|operation| operation.id() == id)
            .ok_or_else(|| UnknownOperation(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_is_found_by_id_and_by_method_and_path() {
        for operation in SandboxOperation::all() {
            assert_eq!(operation.id().parse(), Ok(operation));
            let found = SandboxOperation::find(&operation.method(), operation.path());
            assert_eq!(found, Some(operation));
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

    #[test]
    fn parameter_of_a_path_is_percent_decoded() {
        let operation: SandboxOperation = "createVaultNote".parse().unwrap();
        let parameters = operation.path_parameters("/vaults/v%2D1%2f%C3%A4+%/notes");
        let parameters: Vec<_> = parameters.collect();
        assert_eq!(parameters, [("vault".to_owned(), "v-1/ä+%".to_owned())]);
    }

    #[test]
    fn path_with_parameters_is_matched() {
        let template = "/vaults/{vault}/notes/{id}";
        let values = match_path(template, "/vaults/a/notes/7");
        assert_eq!(values, Some(vec![("vault", "a"), ("id", "7")]));
        for path in [
            "/vaults//notes/7",
            "/vaults/a/notes",
            "/vaults/a/notes/7/x",
            "/x/a/notes/7",
        ] {
            assert_eq!(match_path(template, path), None, "{path}");
        }
        let removed = entry("removedOperation");
        assert_eq!((removed.path, removed.spec), ("", &Value::Null));
    }
}
