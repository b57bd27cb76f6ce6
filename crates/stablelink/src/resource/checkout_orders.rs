//! Orders that a customer pays on a blockchain (W Checkout).

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use stablelink_api::open_enums::{CheckoutOrderStatus, CheckoutToken};
use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{CheckoutOrder, CreateCheckoutOrderRequest, CreatedCheckoutOrder};

use super::{debug_key, unique_number};
use crate::call::{Call, CallContext, CallOptions, required_retdata};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
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
    /// that it knows as a [duplicate](Error::is_duplicate), and [`get`](Self::get) returns that order. If an attempt of this
    /// call has an unknown outcome and the next one is rejected, the order is looked up. If its record has the same data, it is
    /// returned, without `coin_address`, `exchange_rate` and `payment_url`, which the record does not contain.
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
    pub fn create(&self, order: &NewCheckoutOrder) -> Call<CreatedCheckoutOrder> {
        Call::new(
            &self.0,
            &operations::CREATE_CHECKOUT_ORDER,
            order.0.clone(),
            |context, request, _| Box::pin(create(context, request)),
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
    pub fn get(&self, order_no: impl Into<String>) -> Call<CheckoutOrder> {
        let number = order_no.into();
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
    pub fn cancel(&self, order_no: impl Into<String>) -> Call<Option<RawJson>> {
        let number = order_no.into();
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
    pub fn wait(&self, order_no: impl Into<String>) -> Poller<CheckoutOrder> {
        let (orders, number) = (self.clone(), order_no.into());
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
    pub fn list(
        &self,
        filter: stablelink_api::types::ListCheckoutOrdersRequest,
    ) -> Call<Option<RawJson>, stablelink_api::types::ListCheckoutOrdersRequest> {
        call!(&self.0, operations::LIST_CHECKOUT_ORDERS, parameters: filter, |api, filter| api.list_checkout_orders(filter), optional)
    }
}

/// Returns whether the status changes only by an action such as a refund.
fn is_final(order: &CheckoutOrder) -> bool {
    !matches!(
        order.order_status,
        None | Some(CheckoutOrderStatus::Paying | CheckoutOrderStatus::Other(_))
    )
}

async fn create(
    context: &Arc<CallContext>,
    request: &CreateCheckoutOrderRequest,
) -> Result<Response<CreatedCheckoutOrder>, Error> {
    let is_valid = |number: &str| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !is_valid(&request.order_no) {
        let problem = "has other characters than letters and digits, which the gateway rejects";
        return Err(context.annotate(Error::invalid("orderNo", problem)));
    }
    let result = context.api().create_checkout_order(request).await;
    let order: Response<CreatedCheckoutOrder> = match context.required(result) {
        Ok(order) => order,
        // One attempt has an unknown outcome and a later one was rejected: the record shows whether the first took effect. A
        // rejection without an ambiguous attempt may be about another order with the same number.
        Err(error) if error.is_ambiguous() && error.api_error().is_some() => {
            find_created(context, request).await.ok_or(error)?
        }
        Err(error) => return Err(error),
    };
    if order.deposit_address.as_deref() == Some("-1") {
        let what = format!("{} on its chain (depositAddress is -1)", request.token).into();
        let error = Error::new(ErrorKind::NotEnabled { what });
        return Err(context.annotate(error));
    }
    Ok(order)
}

/// Returns the order that an earlier attempt created, if the gateway has one with the same data.
async fn find_created(
    context: &CallContext,
    request: &CreateCheckoutOrderRequest,
) -> Option<Response<CreatedCheckoutOrder>> {
    let options = CallOptions::of(&operations::GET_CHECKOUT_ORDER, context.client.deadline);
    let lookup = CallContext::new(Arc::clone(&context.client), options);
    let found = lookup.execute(async {
        let result = lookup.api().get_checkout_order(&request.order_no).await;
        lookup.required::<_, CheckoutOrder>(result)
    });
    let (record, response) = found.await.ok()?.into_parts();
    if !matches_request(&record, request) {
        return None;
    }
    let created = required_retdata(&response).ok()?;
    Some(Response::new(created, response))
}

/// Returns whether a record belongs to this request: the number may have been used before.
fn matches_request(record: &CheckoutOrder, request: &CreateCheckoutOrderRequest) -> bool {
    fn matches<T: PartialEq>(recorded: Option<T>, sent: T) -> bool {
        recorded.is_none_or(|recorded| recorded == sent)
    }
    record.order_no.as_deref() == Some(request.order_no.as_str())
        && record.order_amount.map(|amount| amount.get()) == Some(request.order_amount.get())
        && matches(
            record.token.as_ref().map(|token| token.as_str()),
            request.token.as_str(),
        )
        && matches(
            record.customer_id.as_ref().map(|id| id.as_text()),
            request.customer_id.as_str().into(),
        )
        && matches(
            record.merchant_id.as_ref().map(|id| id.as_text()),
            request.merchant_id.as_str().into(),
        )
}

/// A new order. Its number, the idempotency key, is generated with the value and stays the same however often the value is
/// sent.
#[derive(Clone)]
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
        customer_id: impl Into<String>,
        merchant_id: impl Into<String>,
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
    pub fn with_order_no(mut self, number: impl Into<String>) -> Self {
        self.0.order_no = number.into();
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
        NewCheckoutOrder::usd(Decimal::new(50, 2), "ETH_USDT", "6", "1")
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

    #[test]
    fn record_with_other_data_does_not_match() {
        let order = order().with_order_no("7").0;
        let same = r#"{"orderNo":"7","orderAmount":0.5,"customerId":6,"merchantId":"1","token":"ETH_USDT"}"#;
        for (from, to, expected) in [
            ("", "", true),
            (r#","merchantId":"1""#, "", true),
            ("0.5", "0.500", true),
            ("0.5", "0.51", false),
            (r#""orderAmount":0.5,"#, "", false),
            (":6", ":7", false),
            ("ETH_USDT", "TRX_USDT", false),
            (r#"orderNo":"7"#, r#"orderNo":"8"#, false),
        ] {
            let record = if from.is_empty() {
                same.to_owned()
            } else {
                same.replace(from, to)
            };
            let record: CheckoutOrder = serde_json::from_str(&record).unwrap();
            assert_eq!(matches_request(&record, &order), expected, "{from} -> {to}");
        }
    }
}
