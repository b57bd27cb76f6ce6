//! The operations that the gateway has.

use std::fmt;
use std::str::FromStr;

use http::Method;

macro_rules! operations {
    ($($variant:ident = $id:literal $method:ident $path:literal,)*) => {
        /// An operation of the gateway, named as in the project's OpenAPI document (the
        /// provisional one: many paths are inferred).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Operation {
            $(
                #[doc = concat!("`", stringify!($method), " ", $path, "`")]
                $variant,
            )*
        }

        impl Operation {
            /// All of them, in the order of the document.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its operationId in the document.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Its HTTP method.
            #[must_use]
            pub const fn method(self) -> Method {
                match self { $(Self::$variant => Method::$method,)* }
            }

            /// Its path.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }
        }
    };
}

operations! {
    IssueAccessToken = "issueAccessToken" POST "/user/auth/oauth2/token",
    CreateUser = "createUser" POST "/user/create-user",
    SubmitKyb = "submitKyb" POST "/user/kyb/submit-info",
    GetUser = "getUser" GET "/user/user-info",
    SubmitSimpleKyb = "submitSimpleKyb" POST "/user/kyb/simple-submit",
    UpdateFeeConfig = "updateFeeConfig" POST "/trade/update-fee-config",
    GetExchangeRate = "getExchangeRate" POST "/trade/exchange-rate",
    CreateFeeConfig = "createFeeConfig" POST "/trade/create-fee-config",
    GetFeeConfig = "getFeeConfig" GET "/trade/get-fee-config",
    CreateTrade = "createTrade" POST "/trade/create-trade-request",
    ConfirmTransaction = "confirmTransaction" POST "/trade/confirm-transaction",
    GetTrade = "getTrade" GET "/trade/get-trade-request",
    GetTransaction = "getTransaction" GET "/trade/get-transaction",
    GetDepositAddress = "getDepositAddress" GET "/trade/get-deposit-address",
    ListReceiveTransactions = "listReceiveTransactions" GET "/trade/get-receive-transactions",
    GetReceiveTransaction = "getReceiveTransaction" GET "/trade/get-receive-transaction",
    ListTrades = "listTrades" GET "/trade/get-trade-list",
    SimulateEvent = "simulateEvent" POST "/base/notification/simulate",
    ListEvents = "listEvents" POST "/base/notification/event-page",
    CreateCheckoutOrder = "createCheckoutOrder" POST "/checkout/order/create",
    GetCheckoutOrder = "getCheckoutOrder" GET "/checkout/order/info",
    CancelCheckoutOrder = "cancelCheckoutOrder" GET "/checkout/order/cancel",
    CreateSettlementOrder = "createSettlementOrder" POST "/checkout/settlement/create",
    CreateAbnormalPaymentRefund = "createAbnormalPaymentRefund" POST "/checkout/abnormal-payment/refund",
    ListCheckoutOrders = "listCheckoutOrders" POST "/checkout/order/list",
    CreateFiatSettlementOrder = "createFiatSettlementOrder" POST "/checkout/fiat-settlement/create",
    CancelSettlementOrder = "cancelSettlementOrder" GET "/checkout/settlement/cancel",
    GetSettlementOrder = "getSettlementOrder" GET "/checkout/settlement/info",
    ListSettlementOrders = "listSettlementOrders" POST "/checkout/settlement/list",
    ListAbnormalPayments = "listAbnormalPayments" POST "/checkout/abnormal-payment/list",
    CreateRefundOrder = "createRefundOrder" POST "/checkout/refund/create",
    CancelRefundOrder = "cancelRefundOrder" GET "/checkout/refund/cancel",
    GetRefundOrder = "getRefundOrder" GET "/checkout/refund/info",
    ListRefundOrders = "listRefundOrders" POST "/checkout/refund/list",
    CreateRemit = "createRemit" POST "/remit/create-remit",
    UpdateRemit = "updateRemit" POST "/remit/update-remit",
    ListRemits = "listRemits" POST "/remit/remit-info-page",
    GetRemit = "getRemit" GET "/remit/get-remit-info",
    UploadFile = "uploadFile" POST "/file/upload-file",
}

impl Operation {
    /// The operation with this method and path.
    pub(crate) fn find(method: &Method, path: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|operation| operation.path() == path && operation.method() == *method)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The document has no operation of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no operation `{0}`; names are operationIds of the document, such as createCheckoutOrder"
)]
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
    fn are_those_of_the_document() {
        let document = include_str!("../../../spec/openapi.provisional.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
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
    fn are_found_by_name_and_by_address() {
        for operation in Operation::ALL {
            assert_eq!(operation.id().parse(), Ok(*operation));
            let found = Operation::find(&operation.method(), operation.path());
            assert_eq!(found, Some(*operation));
        }
        assert!("nothing".parse::<Operation>().is_err());
        assert_eq!(
            Operation::find(&Method::GET, "/checkout/order/create"),
            None
        );
    }
}
