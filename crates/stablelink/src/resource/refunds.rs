//! Refunds of orders and of abnormal payments (W Checkout).

use std::fmt;

#[cfg(feature = "provisional")]
use rust_decimal::Decimal;
use stablelink_api::open_enums::CheckoutToken;
use stablelink_api::operations;
#[cfg(feature = "provisional")]
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{CreateAbnormalPaymentRefundRequest, RefundOrder};
#[cfg(feature = "provisional")]
use stablelink_api::types::{
    CreateRefundOrderRequest, ListAbnormalPaymentsRequest, ListRefundOrdersRequest,
};

use super::{keyed, unique_number};
use crate::call::Call;
use crate::client::Client;

/// Refunds of orders and of abnormal payments. Page: <https://developer.wcheckout.app/367457405e0>.
#[derive(Clone, Debug)]
pub struct Refunds(Client);

impl Refunds {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Pays back a payment that was over, under or late, under the number that stands in the value. Awaiting it again with the same
    /// value is safe: the gateway refuses a number that it has.
    ///
    /// Page: <https://developer.wcheckout.app/367457405e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `refundOrderNo`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate)).
    pub fn create_for_abnormal_payment(
        &self,
        refund: &NewAbnormalPaymentRefund,
    ) -> Call<CreateAbnormalPaymentRefundRequest, RefundOrder> {
        let request = refund.0.clone();
        let number = request.refund_order_no.clone();
        Call::new(
            &self.0,
            &operations::CREATE_ABNORMAL_PAYMENT_REFUND,
            request,
            |run, request| {
                Box::pin(async move {
                    let found = run.api().create_abnormal_payment_refund(request).await;
                    run.answer(found, |found| found.retdata)
                })
            },
        )
        .keyed(number)
    }

    /// Pays back an order, or an abnormal payment. **Inferred**: its path was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `refundOrderNo`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate)).
    #[cfg(feature = "provisional")]
    pub fn create(&self, refund: &NewRefund) -> Call<CreateRefundOrderRequest, RefundOrder> {
        let request = refund.0.clone();
        let number = request.refund_order_no.clone();
        Call::new(
            &self.0,
            &operations::CREATE_REFUND_ORDER,
            request,
            |run, request| {
                Box::pin(async move {
                    run.answer(run.api().create_refund_order(request).await, |found| {
                        found.retdata
                    })
                })
            },
        )
        .keyed(number)
    }

    /// The refund with this number. **Inferred**: its path was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn get(&self, number: impl Into<String>) -> Call<String, RefundOrder> {
        let number = number.into();
        Call::new(
            &self.0,
            &operations::GET_REFUND_ORDER,
            number,
            |run, number| {
                Box::pin(async move {
                    run.answer(run.api().get_refund_order(Some(number)).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// Cancels the refund with this number. **Inferred**: its path was not seen. Sent once, never repeated.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    #[cfg(feature = "provisional")]
    pub fn cancel(&self, number: impl Into<String>) -> Call<String, Option<RawJson>> {
        let number = number.into();
        Call::new(
            &self.0,
            &operations::CANCEL_REFUND_ORDER,
            number,
            |run, number| {
                Box::pin(async move {
                    run.opened(run.api().cancel_refund_order(Some(number)).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// Refunds. **Inferred**: neither path nor fields were seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn list(
        &self,
        filter: ListRefundOrdersRequest,
    ) -> Call<ListRefundOrdersRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::LIST_REFUND_ORDERS,
            filter,
            |run, filter| {
                Box::pin(async move {
                    run.opened(run.api().list_refund_orders(filter).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// Payments that were over, under or late. **Inferred**: neither path nor fields were seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn list_abnormal_payments(
        &self,
        filter: ListAbnormalPaymentsRequest,
    ) -> Call<ListAbnormalPaymentsRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::LIST_ABNORMAL_PAYMENTS,
            filter,
            |run, filter| {
                Box::pin(async move {
                    run.opened(run.api().list_abnormal_payments(filter).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }
}

/// A refund of an abnormal payment to be made. Its number, the idempotency key, is made with the value and stays the
/// same however often it is sent.
#[derive(Clone)]
#[must_use = "a refund is made when `create_for_abnormal_payment` is awaited"]
pub struct NewAbnormalPaymentRefund(CreateAbnormalPaymentRefundRequest);

impl NewAbnormalPaymentRefund {
    /// A refund of the payment with this hash, in this coin, that came for an order.
    pub fn new(
        order_no: impl Into<String>,
        token: impl Into<CheckoutToken>,
        tx_hash: impl Into<String>,
    ) -> Self {
        Self(CreateAbnormalPaymentRefundRequest {
            refund_order_no: unique_number(),
            order_no: Some(order_no.into()),
            token: Some(token.into()),
            tx_hash: Some(tx_hash.into()),
            remark: None,
            extra: serde_json::Map::new(),
        })
    }

    /// A remark.
    pub fn remark(mut self, text: impl Into<String>) -> Self {
        self.0.remark = Some(text.into());
        self
    }

    /// Your own number. It must be new; an empty one is refused here.
    pub fn with_refund_order_no(mut self, number: impl Into<String>) -> Self {
        self.0.refund_order_no = number.into();
        self
    }

    /// Its number.
    #[must_use]
    pub fn refund_order_no(&self) -> &str {
        &self.0.refund_order_no
    }
}

impl From<CreateAbnormalPaymentRefundRequest> for NewAbnormalPaymentRefund {
    fn from(request: CreateAbnormalPaymentRefundRequest) -> Self {
        Self(request)
    }
}

impl fmt::Debug for NewAbnormalPaymentRefund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        keyed(
            f,
            "NewAbnormalPaymentRefund",
            "refund_order_no",
            self.refund_order_no(),
        )
    }
}

/// A refund to be made. **Inferred** from a page of a sister product. Its number, the idempotency key, is made with the value.
#[cfg(feature = "provisional")]
#[derive(Clone)]
#[must_use = "a refund is made when `create` is awaited"]
pub struct NewRefund(CreateRefundOrderRequest);

#[cfg(feature = "provisional")]
impl NewRefund {
    /// A refund of a part of an order, or of all of it. The page does not say whether the amount is in the currency of the order or
    /// in the coin that was paid.
    pub fn of_order(order_no: impl Into<String>, amount: impl Into<Decimal>) -> Self {
        Self::new(Some(order_no.into()), None, amount.into())
    }

    /// A refund of an abnormal payment. The page does not say which unit the amount has.
    pub fn of_abnormal_payment(number: impl Into<String>, amount: impl Into<Decimal>) -> Self {
        Self::new(None, Some(number.into()), amount.into())
    }

    fn new(order_no: Option<String>, abnormal_payment_no: Option<String>, amount: Decimal) -> Self {
        Self(CreateRefundOrderRequest {
            refund_order_no: unique_number(),
            amount: amount.into(),
            order_no,
            abnormal_payment_no,
            address: None,
            extra: serde_json::Map::new(),
        })
    }

    /// The wallet of the payee, which a white label asks for.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.0.address = Some(address.into());
        self
    }

    /// Its number.
    #[must_use]
    pub fn refund_order_no(&self) -> &str {
        &self.0.refund_order_no
    }
}

#[cfg(feature = "provisional")]
impl From<CreateRefundOrderRequest> for NewRefund {
    fn from(request: CreateRefundOrderRequest) -> Self {
        Self(request)
    }
}

#[cfg(feature = "provisional")]
impl fmt::Debug for NewRefund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        keyed(f, "NewRefund", "refund_order_no", self.refund_order_no())
    }
}
