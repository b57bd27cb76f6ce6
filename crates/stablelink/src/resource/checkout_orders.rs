//! Orders that a customer pays on a blockchain (W Checkout).

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use stablelink_api::open_enums::{CheckoutOrderStatus, CheckoutToken};
use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
#[cfg(feature = "provisional")]
use stablelink_api::types::ListCheckoutOrdersRequest;
use stablelink_api::types::{CheckoutOrder, CreateCheckoutOrderRequest, CreatedCheckoutOrder};

use super::existing::{CreateParameters, Lookup, created_or_existing, optional, required};
use super::{debug_key, read_status, unique_number};
use crate::call::{Call, CallContext};
use crate::client::Client;
use crate::error::{CallPhase, DecodeError, Error, ErrorKind};
use crate::ids::{CustomerId, MerchantId, OrderNo};
use crate::poller::Poller;
use crate::response::Response;

/// Orders that a customer pays on a blockchain. Pages: <https://developer.en.wcheckout.app/407759320e0>,
/// <https://developer.en.wcheckout.app/407759322e0>.
#[derive(Clone, Debug)]
pub struct CheckoutOrders(pub(super) Client);

impl CheckoutOrders {
    /// Creates an order.
    ///
    /// Sending the same value again is safe, even after an [ambiguous](Error::is_ambiguous) error: the gateway rejects a number
    /// that it knows as a [duplicate](Error::is_duplicate), and [`or_existing`](Call::or_existing) returns that order. If an
    /// attempt of this call has an unknown outcome and the next one is rejected, the order is looked up in any case. If its
    /// record has the same data, it is returned. An existing order has no `coin_address`, `exchange_rate` and `payment_url`,
    /// because the record does not contain them. It may be paid, cancelled or timed out: see
    /// [`existing_status`](Response::existing_status).
    ///
    /// A deposit address of "-1" means that the token is not enabled (observed live): the error is
    /// [`NotEnabled`](ErrorKind::NotEnabled).
    ///
    /// Page: <https://developer.en.wcheckout.app/407759320e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `orderNo` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the number was used before. It is
    /// [`InvalidArgument`](ErrorKind::InvalidArgument), and nothing is sent, if the number has characters other than letters
    /// and digits.
    pub fn create(&self, order: &NewCheckoutOrder) -> Call<CreatedCheckoutOrder, CreateParameters> {
        Call::with_parameters(
            &self.0,
            &operations::CREATE_CHECKOUT_ORDER,
            order.0.clone(),
            CreateParameters::default(),
            |context, request, parameters| Box::pin(create(context, request, *parameters)),
        )
        .key(&order.0.order_no)
    }

    /// Returns the order with this number.
    ///
    /// Page: <https://developer.en.wcheckout.app/407759322e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn get(&self, order_no: impl Into<OrderNo>) -> Call<CheckoutOrder> {
        let number = order_no.into().to_string();
        call!(
            &self.0,
            operations::GET_CHECKOUT_ORDER,
            number.clone(),
            |api, number| api.get_checkout_order(number),
            required
        )
        .identified_by("orderNo", Some(number))
    }

    /// Cancels the order with this number. The call is never retried: cancelling is not idempotent even though it is a GET. The
    /// response is not documented.
    ///
    /// This operation is not documented. Its page is missing: the path and the method are those of the vendor's own public
    /// client.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the order before you cancel it again.
    pub fn cancel(&self, order_no: impl Into<OrderNo>) -> Call<Option<RawJson>> {
        let number = order_no.into().to_string();
        call!(
            &self.0,
            operations::CANCEL_CHECKOUT_ORDER,
            number.clone(),
            |api, number| api.cancel_checkout_order(number),
            optional
        )
        .identified_by("orderNo", Some(number))
    }

    /// Returns a poller of the order with this number. The order is final when it is paid, cancelled or timed out: every
    /// documented status except PAYING is final. The times of the order are ignored, because they have no time zone.
    ///
    /// Page: <https://developer.en.wcheckout.app/407759322e0>
    pub fn wait(&self, order_no: impl Into<OrderNo>) -> Poller<CheckoutOrder> {
        let (orders, number) = (self.clone(), order_no.into().to_string());
        Poller::new(&self.0, is_final, move || {
            orders.get(number.clone()).into_future()
        })
    }

    /// Lists orders. **Inferred**: neither the path nor the fields of this operation are documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn list(&self) -> Call<Option<RawJson>, ListCheckoutOrdersRequest> {
        let filter = ListCheckoutOrdersRequest(serde_json::Map::new());
        call!(&self.0, operations::LIST_CHECKOUT_ORDERS, parameters: filter, |api, filter| api.list_checkout_orders(filter), optional)
    }
}

#[cfg(feature = "provisional")]
crate::pages::list!(body: ListCheckoutOrdersRequest, CheckoutOrder);

/// Fields that a program needs. Each is an error with its path if the gateway did not send it in a readable form; the error
/// states that the order exists.
impl Response<CreatedCheckoutOrder> {
    /// Returns the status of an order that [`or_existing`](Call::or_existing) found, or `None` if the call created the order.
    /// Only an order with the status `Paying` can be paid.
    #[must_use]
    pub fn existing_status(&self) -> Option<CheckoutOrderStatus> {
        // A new order could have a status field too.
        self.is_existing()
            .then(|| read_status(self, &STATUS).ok().flatten())
            .flatten()
    }

    /// Returns the address to which the customer pays.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) without a readable value, and [`NotEnabled`](ErrorKind::NotEnabled) if it is "-1".
    pub fn deposit_address(&self) -> Result<&str, Error> {
        let operation = &operations::CREATE_CHECKOUT_ORDER;
        let token = self
            .token
            .as_ref()
            .map_or("the token", |token| token.as_str());
        ensure_enabled(self, token).map_err(|error| {
            let error = error.during(operation.id, 1).in_phase(CallPhase::Write);
            error.with_response(self.raw_response().clone())
        })?;
        let address = self.deposit_address.as_deref();
        self.need(operation, "depositAddress", address)
    }

    /// Returns the amount that the customer pays, in the token of the order.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) without a readable value.
    pub fn paying_amount(&self) -> Result<Decimal, Error> {
        let amount = self.paying_amount.map(Decimal::from);
        self.need(&operations::CREATE_CHECKOUT_ORDER, "payingAmount", amount)
    }
}

/// Fields that decide about a payment. Each is an error with its path if the gateway did not send it in a readable form.
impl Response<CheckoutOrder> {
    /// Returns the status.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) without a readable value.
    pub fn status(&self) -> Result<&CheckoutOrderStatus, Error> {
        let status = self.order_status.as_ref();
        self.need(&operations::GET_CHECKOUT_ORDER, "orderStatus", status)
    }

    /// Returns the requested amount, in US dollars.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) without a readable value.
    pub fn order_amount(&self) -> Result<Decimal, Error> {
        let amount = self.order_amount.map(Decimal::from);
        self.need(&operations::GET_CHECKOUT_ORDER, "orderAmount", amount)
    }

    /// Returns the amount that the customer pays, in the token of the order.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) without a readable value.
    pub fn paying_amount(&self) -> Result<Decimal, Error> {
        let amount = self.paying_amount.map(Decimal::from);
        self.need(&operations::GET_CHECKOUT_ORDER, "payingAmount", amount)
    }
}

/// Returns whether the status changes only by an action such as a refund.
fn is_final(order: &Response<CheckoutOrder>) -> Result<bool, DecodeError> {
    Ok(!matches!(
        order.order_status,
        None | Some(CheckoutOrderStatus::Paying | CheckoutOrderStatus::Other(_))
    ))
}

/// The fields in which an existing order must be equal to the requested one.
const LOOKUP: Lookup = Lookup {
    fields: &[
        required("orderNo"),
        required("orderAmount"),
        optional("token"),
        optional("customerId"),
        optional("merchantId"),
    ],
    is_documented: true,
};

async fn create(
    context: &Arc<CallContext>,
    request: &CreateCheckoutOrderRequest,
    parameters: CreateParameters,
) -> Result<Response<CreatedCheckoutOrder>, Error> {
    let is_valid = |number: &str| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !is_valid(&request.order_no) {
        let problem = "has other characters than letters and digits, which the gateway rejects";
        return Err(context.annotate(Error::invalid("orderNo", problem)));
    }
    let created = context.api().create_checkout_order(request).await;
    let created = context.required(created);
    let number = &request.order_no;
    let found = lookup!(context, operations::GET_CHECKOUT_ORDER, |api| api
        .get_checkout_order(number));
    let found = async {
        let order: Response<CreatedCheckoutOrder> = found.await?;
        // Without a status, an order that was paid or has expired would look like a new one.
        let status: Option<CheckoutOrderStatus> = read_status(&order, &STATUS).ok().flatten();
        order.need(&operations::GET_CHECKOUT_ORDER, STATUS[0], status)?;
        Ok(order)
    };
    let order = created_or_existing(context, created, parameters, request, &LOOKUP, found).await?;
    ensure_enabled(&order, request.token.as_str()).map_err(|error| context.annotate(error))?;
    Ok(order)
}

const STATUS: [&str; 1] = ["orderStatus"];

fn ensure_enabled(order: &CreatedCheckoutOrder, token: &str) -> Result<(), Error> {
    if order.deposit_address.as_deref() != Some("-1") {
        return Ok(());
    }
    let what = format!("{token} on its chain (depositAddress is -1)").into();
    Err(Error::new(ErrorKind::NotEnabled { what }))
}

/// A new order. Its number, the idempotency key, is generated with the value and stays the same however often the value is
/// sent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "an order is created when `create` is awaited"]
pub struct NewCheckoutOrder(CreateCheckoutOrderRequest);

impl NewCheckoutOrder {
    /// Returns an order over an exact amount of US dollars, paid with this token, for a customer of a merchant. The limits of the
    /// amount are not documented.
    ///
    /// A guide requires both customer and merchant; the pages of the two brands disagree on whether the merchant is required, so
    /// it is always sent.
    pub fn usd(
        amount: impl Into<Decimal>,
        token: impl Into<CheckoutToken>,
        customer_id: CustomerId,
        merchant_id: MerchantId,
    ) -> Self {
        Self(CreateCheckoutOrderRequest {
            order_no: unique_number(),
            order_amount: amount.into().into(),
            customer_id: customer_id.into(),
            merchant_id: merchant_id.into(),
            token: token.into(),
            fiat: Some("USD".to_owned()),
            expired_in: None,
            pc_callback_url: None,
            app_callback_url: None,
        })
    }

    /// Sets your own number, which consists of letters and digits (observed live) and must be unique.
    pub fn with_order_no(mut self, number: impl Into<OrderNo>) -> Self {
        self.0.order_no = number.into().into();
        self
    }

    /// Sets the time in which the order can be paid, in seconds. Without it, the default of the gateway applies.
    pub fn expired_in(mut self, seconds: i64) -> Self {
        self.0.expired_in = Some(seconds);
        self
    }

    /// Sets the URL to which a browser is sent after the payment.
    pub fn pc_callback_url(mut self, url: impl Into<String>) -> Self {
        self.0.pc_callback_url = Some(url.into());
        self
    }

    /// Sets the URL to which an app is sent after the payment.
    pub fn app_callback_url(mut self, url: impl Into<String>) -> Self {
        self.0.app_callback_url = Some(url.into());
        self
    }

    /// Returns the number, which is the idempotency key.
    #[must_use]
    pub fn order_no(&self) -> &str {
        &self.0.order_no
    }
}

impl From<CreateCheckoutOrderRequest> for NewCheckoutOrder {
    fn from(request: CreateCheckoutOrderRequest) -> Self {
        Self(request)
    }
}

impl fmt::Debug for NewCheckoutOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_key(f, "NewCheckoutOrder", "order_no", self.order_no())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> NewCheckoutOrder {
        NewCheckoutOrder::usd(
            Decimal::new(50, 2),
            "ETH_USDT",
            CustomerId::new("6"),
            MerchantId::new("1"),
        )
    }

    #[test]
    fn number_is_generated_once_and_valid() {
        let order = order();
        assert_eq!(order.clone().order_no(), order.order_no());
        assert!(
            order
                .order_no()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert_ne!(order.order_no(), super::tests::order().order_no());
    }
}
