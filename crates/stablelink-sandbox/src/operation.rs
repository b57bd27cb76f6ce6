//! The operations of the gateway.
//!
//! Only the names are listed here, because tests use them as an enum. Method, path, evidence and
//! idempotency key come from the OpenAPI document that the crate embeds, see [`document`].
//! `stablelink_api::operations` is generated from the same document. The sandbox does not use it:
//! it would need the feature `provisional`, and Cargo would then enable that feature for
//! `stablelink-api` in every test of the client too. The sandbox would also repeat a wrong path
//! of the client instead of detecting it.

use std::fmt;
use std::str::FromStr;

use http::Method;

use crate::document;

macro_rules! operations {
    ($($variant:ident = $id:literal,)*) => {
        /// An operation of the gateway. The variants have the names of the operationIds in the
        /// provisional OpenAPI document of the project, in which many paths are inferred.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Operation {
            $(
                #[doc = concat!("`", $id, "`")]
                $variant,
            )*
        }

        impl Operation {
            /// All operations.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the operationId.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }
        }
    };
}

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

impl Operation {
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
        Self::ALL.iter().copied().find(|operation| {
            let entry = document::entry(*operation);
            entry.path == path && entry.method == *method
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The OpenAPI document has no operation with this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown operation `{0}`: expected an operationId such as createCheckoutOrder")]
pub struct UnknownOperation(String);

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(id: &str) -> Result<Self, UnknownOperation> {
        let mut all = Self::ALL.iter().copied();
        all.find(|operation| operation.id() == id)
            .ok_or_else(|| UnknownOperation(id.to_owned()))
    }
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
                    expected.insert((id.to_owned(), method.to_uppercase(), path.clone()));
                }
            }
        }
        let actual: BTreeSet<_> = Operation::ALL
            .iter()
            .map(|o| {
                (
                    o.id().to_owned(),
                    o.method().to_string(),
                    o.path().to_owned(),
                )
            })
            .collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn operation_is_found_by_id_and_by_method_and_path() {
        for operation in Operation::ALL {
            assert_eq!(operation.id().parse(), Ok(*operation));
            let found = Operation::find(&operation.method(), operation.path());
            assert_eq!(found, Some(*operation));
            assert!(["documented", "partial", "inferred"].contains(&operation.evidence()));
        }
        assert!("nothing".parse::<Operation>().is_err());
        let wrong_method = Operation::find(&Method::GET, "/checkout/order/create");
        assert_eq!(wrong_method, None);
        assert_eq!(Operation::IssueAccessToken.evidence(), "documented");
        assert_eq!(Operation::UploadFile.evidence(), "inferred");
        let key = Operation::CreateFiatSettlementOrder.key_field();
        assert_eq!(key, Some("settlementOrderNo"));
    }
}
