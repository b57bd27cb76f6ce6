//! Refunds of orders and of abnormal payments (W Checkout).

use std::fmt;
#[cfg(feature = "provisional")]
use std::sync::Arc;

#[cfg(feature = "provisional")]
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use stablelink_api::open_enums::CheckoutToken;
#[cfg(feature = "provisional")]
use stablelink_api::open_enums::RefundOrderStatus;
use stablelink_api::operations;
#[cfg(feature = "provisional")]
use stablelink_api::scalars::RawJson;
#[cfg(feature = "provisional")]
use stablelink_api::types::{
    AbnormalPayment, CreateRefundOrderRequest, ListAbnormalPaymentsRequest, ListRefundOrdersRequest,
};
use stablelink_api::types::{CreateAbnormalPaymentRefundRequest, RefundOrder};

#[cfg(feature = "provisional")]
use super::existing::{CreateParameters, Lookup, created_or_existing, optional, required};
use super::{debug_key, unique_number};
#[cfg(feature = "provisional")]
use super::{read_status, required_status};
use crate::call::Call;
#[cfg(feature = "provisional")]
use crate::call::CallContext;
use crate::client::Client;
#[cfg(feature = "provisional")]
use crate::error::{DecodeError, Error};
use crate::ids::OrderNo;
#[cfg(feature = "provisional")]
use crate::poller::Poller;
#[cfg(feature = "provisional")]
use crate::response::Response;

/// Refunds of orders and of abnormal payments. Page: <https://developer.wcheckout.app/367457405e0>.
#[derive(Clone, Debug)]
pub struct Refunds(pub(super) Client);

impl Refunds {
    /// Refunds an overpaid, underpaid or late payment. Sending the same value again is safe, because the gateway rejects a
    /// number that it knows.
    ///
    /// Page: <https://developer.wcheckout.app/367457405e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `refundOrderNo` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the key was used before.
    pub fn create_for_abnormal_payment(
        &self,
        refund: &NewAbnormalPaymentRefund,
    ) -> Call<RefundOrder> {
        call!(
            &self.0,
            operations::CREATE_ABNORMAL_PAYMENT_REFUND,
            refund.0.clone(),
            |api, request| api.create_abnormal_payment_refund(request),
            required
        )
        .key(&refund.0.refund_order_no)
    }

    /// Refunds an order or an abnormal payment. **Inferred**: the path of this operation is not documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `refundOrderNo` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the key was used before.
    #[cfg(feature = "provisional")]
    pub fn create(&self, refund: &NewRefund) -> Call<RefundOrder, CreateParameters> {
        Call::with_parameters(
            &self.0,
            &operations::CREATE_REFUND_ORDER,
            refund.0.clone(),
            CreateParameters::default(),
            |context, request, parameters| Box::pin(create(context, request, *parameters)),
        )
        .key(&refund.0.refund_order_no)
    }

    /// Returns the refund with this number. **Inferred**: the path of this operation is not documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn get(&self, number: impl Into<String>) -> Call<RefundOrder> {
        let number = number.into();
        call!(
            &self.0,
            operations::GET_REFUND_ORDER,
            number.clone(),
            |api, number| api.get_refund_order(Some(number)),
            required
        )
        .identified_by("refundOrderNo", Some(number))
    }

    /// Returns a poller of the refund with this number. The refund is final when it is refunded, cancelled or failed.
    /// **Inferred**: see [`status`](Response::status).
    #[cfg(feature = "provisional")]
    pub fn wait(&self, number: impl Into<String>) -> Poller<RefundOrder> {
        let (refunds, number) = (self.clone(), number.into());
        Poller::new(&self.0, is_final, move || {
            refunds.get(number.clone()).into_future()
        })
    }

    /// Cancels the refund with this number. **Inferred**: the path of this operation is not documented. The call is never
    /// retried.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the refund before you cancel it again.
    #[cfg(feature = "provisional")]
    pub fn cancel(&self, number: impl Into<String>) -> Call<Option<RawJson>> {
        let number = number.into();
        call!(
            &self.0,
            operations::CANCEL_REFUND_ORDER,
            number.clone(),
            |api, number| api.cancel_refund_order(Some(number)),
            optional
        )
        .identified_by("refundOrderNo", Some(number))
    }

    /// Lists refunds. **Inferred**: neither the path nor the fields of this operation are documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn list(&self) -> Call<Option<RawJson>, ListRefundOrdersRequest> {
        let filter = ListRefundOrdersRequest(serde_json::Map::new());
        call!(&self.0, operations::LIST_REFUND_ORDERS, parameters: filter, |api, filter| api.list_refund_orders(filter), optional)
    }

    /// Lists overpaid, underpaid and late payments. **Inferred**: neither the path nor the fields of this operation are
    /// documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn list_abnormal_payments(&self) -> Call<Option<RawJson>, ListAbnormalPaymentsRequest> {
        let filter = ListAbnormalPaymentsRequest(serde_json::Map::new());
        call!(&self.0, operations::LIST_ABNORMAL_PAYMENTS, parameters: filter, |api, filter| api.list_abnormal_payments(filter), optional)
    }
}

#[cfg(feature = "provisional")]
crate::pages::list!(body: ListRefundOrdersRequest, RefundOrder);
#[cfg(feature = "provisional")]
crate::pages::list!(body: ListAbnormalPaymentsRequest, AbnormalPayment);

#[cfg(feature = "provisional")]
impl Response<RefundOrder> {
    /// Returns the status. **Inferred**: a guide lists the values, but no page has the name of the field. `refundStatus` and
    /// `status` are read.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::ErrorKind::Decode) if the record has none of these fields, or one that is not a string.
    pub fn status(&self) -> Result<RefundOrderStatus, Error> {
        required_status(self, &operations::GET_REFUND_ORDER, &STATUS)
    }
}

#[cfg(feature = "provisional")]
const STATUS: [&str; 2] = ["refundStatus", "status"];

#[cfg(feature = "provisional")]
fn is_final(refund: &Response<RefundOrder>) -> Result<bool, DecodeError> {
    use RefundOrderStatus::{Cancelled, Failed, Refunded};
    let status = read_status(refund, &STATUS)?;
    Ok(matches!(status, Some(Refunded | Cancelled | Failed)))
}

/// The record of a refund may lack the order: only its number and its amount are required.
#[cfg(feature = "provisional")]
const LOOKUP: Lookup = Lookup {
    fields: &[
        required("refundOrderNo"),
        required("amount"),
        optional("orderNo"),
        optional("abnormalPaymentNo"),
        optional("address"),
    ],
    is_documented: false,
};

#[cfg(feature = "provisional")]
async fn create(
    context: &Arc<CallContext>,
    request: &CreateRefundOrderRequest,
    parameters: CreateParameters,
) -> Result<Response<RefundOrder>, Error> {
    let created = context.api().create_refund_order(request).await;
    let created = context.required(created);
    let number = &request.refund_order_no;
    let found = lookup!(context, operations::GET_REFUND_ORDER, |api| api
        .get_refund_order(Some(number)));
    created_or_existing(context, created, parameters, request, &LOOKUP, found).await
}

/// A new refund of an abnormal payment. Its number, the idempotency key, is generated with the value and stays the same
/// however often the value is sent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "a refund is created when `create_for_abnormal_payment` is awaited"]
pub struct NewAbnormalPaymentRefund(CreateAbnormalPaymentRefundRequest);

impl NewAbnormalPaymentRefund {
    /// Returns a refund of the payment for an order, with this transaction hash and token.
    pub fn new(
        order_no: OrderNo,
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

    /// Sets a remark.
    pub fn remark(mut self, text: impl Into<String>) -> Self {
        self.0.remark = Some(text.into());
        self
    }

    /// Sets your own number, which must be unique. An empty number is rejected before anything is sent.
    pub fn with_refund_order_no(mut self, number: impl Into<String>) -> Self {
        self.0.refund_order_no = number.into();
        self
    }

    /// Returns the number, which is the idempotency key.
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
        debug_key(
            f,
            "NewAbnormalPaymentRefund",
            "refund_order_no",
            self.refund_order_no(),
        )
    }
}

/// A new refund. **Inferred** from a page of a related product. Its number, the idempotency key, is generated with the value.
#[cfg(feature = "provisional")]
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "a refund is created when `create` is awaited"]
pub struct NewRefund(CreateRefundOrderRequest);

#[cfg(feature = "provisional")]
impl NewRefund {
    /// Returns a full or partial refund of an order. The page does not specify whether the amount is in the currency of the
    /// order or in the token that was paid.
    pub fn of_order(order_no: impl Into<OrderNo>, amount: impl Into<Decimal>) -> Self {
        Self::new(Some(order_no.into().into()), None, amount.into())
    }

    /// Returns a refund of an abnormal payment. The page does not specify the unit of the amount.
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

    /// Sets the wallet address of the payee, which white-label accounts require.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.0.address = Some(address.into());
        self
    }

    /// Returns the number, which is the idempotency key.
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
        debug_key(f, "NewRefund", "refund_order_no", self.refund_order_no())
    }
}
