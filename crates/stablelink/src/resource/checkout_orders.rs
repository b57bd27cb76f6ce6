//! Orders that a customer pays on a chain (W Checkout).

use std::fmt;

use rust_decimal::Decimal;
use stablelink_api::open_enums::{CheckoutOrderStatus, CheckoutToken};
use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{
    CheckoutOrder, CreateCheckoutOrderRequest, CreatedCheckoutOrder, CreatedCheckoutOrderEnvelope,
};

use super::{keyed, unique_number};
use crate::call::{Call, Plan, Run};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::poller::Poller;
use crate::response::Response;

/// Orders that a customer pays on a chain. Pages: <https://developer.en.wcheckout.app/407759320e0>,
/// <https://developer.en.wcheckout.app/407759322e0>.
#[derive(Clone, Debug)]
pub struct CheckoutOrders(Client);

impl CheckoutOrders {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Makes an order, under the number that stands in the value.
    ///
    /// Awaiting it again with the same value is safe, also after an [ambiguous](Error::is_ambiguous) error: the gateway refuses a number
    /// that it has, which [is a duplicate](Error::is_duplicate) then: [`get`](Self::get) tells what stands under it. If an attempt of this
    /// call was lost and the next one is refused, the order is looked up here; found with the same data, it is the result, without
    /// `coin_address`, `exchange_rate` and `payment_url`, which the record does not show.
    ///
    /// A deposit address of "-1" means that chain and coin are not enabled (observed live): that is the error
    /// [`NotEnabled`](ErrorKind::NotEnabled).
    ///
    /// Page: <https://developer.en.wcheckout.app/407759320e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `orderNo`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate));
    /// [`InvalidArgument`](ErrorKind::InvalidArgument), with nothing sent, of one that has other characters than letters and digits.
    pub fn create(
        &self,
        order: &NewCheckoutOrder,
    ) -> Call<CreateCheckoutOrderRequest, CreatedCheckoutOrder> {
        let request = order.0.clone();
        let number = request.order_no.clone();
        Call::new(
            &self.0,
            &operations::CREATE_CHECKOUT_ORDER,
            request,
            |run, request| Box::pin(create(run, request)),
        )
        .keyed(number)
    }

    /// The order with this number.
    ///
    /// Page: <https://developer.en.wcheckout.app/407759322e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn get(&self, order_no: impl Into<String>) -> Call<String, CheckoutOrder> {
        let number = order_no.into();
        Call::new(
            &self.0,
            &operations::GET_CHECKOUT_ORDER,
            number,
            |run, number| {
                Box::pin(async move {
                    run.answer(run.api().get_checkout_order(number).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// Cancels the order with this number. Sent once, never repeated, although it is a GET. What its answer holds was not seen.
    ///
    /// No page of it was seen: path and method are those of the vendor's own public client.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    pub fn cancel(&self, order_no: impl Into<String>) -> Call<String, Option<RawJson>> {
        let number = order_no.into();
        Call::new(
            &self.0,
            &operations::CANCEL_CHECKOUT_ORDER,
            number,
            |run, number| {
                Box::pin(async move {
                    run.opened(run.api().cancel_checkout_order(number).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// Waits for the order with this number to be paid, cancelled or timed out: any status but PAYING. A status that is not
    /// documented is waited out. Its times have no zone and decide nothing.
    ///
    /// Page: <https://developer.en.wcheckout.app/407759322e0>
    pub fn wait(&self, order_no: impl Into<String>) -> Poller<CheckoutOrder> {
        let (orders, number) = (self.clone(), order_no.into());
        Poller::new(&self.0, is_final, move || {
            orders.get(number.clone()).into_future()
        })
    }

    /// Orders. **Inferred**: neither path nor fields were seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn list(
        &self,
        filter: stablelink_api::types::ListCheckoutOrdersRequest,
    ) -> Call<stablelink_api::types::ListCheckoutOrdersRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::LIST_CHECKOUT_ORDERS,
            filter,
            |run, filter| {
                Box::pin(async move {
                    run.opened(run.api().list_checkout_orders(filter).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }
}

/// Whether an order stands as it is until somebody acts: refunds come after that.
fn is_final(order: &CheckoutOrder) -> bool {
    !matches!(
        order.order_status,
        None | Some(CheckoutOrderStatus::Paying | CheckoutOrderStatus::Other(_))
    )
}

async fn create(
    run: &Run,
    request: &CreateCheckoutOrderRequest,
) -> Result<Response<CreatedCheckoutOrder>, Error> {
    let legal = |number: &str| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !legal(&request.order_no) {
        let problem = "has other characters than letters and digits, which the gateway refuses";
        return Err(run.session.named(Error::invalid("orderNo", problem)));
    }
    let outcome = run.answer(run.api().create_checkout_order(request).await, |found| {
        found.retdata
    });
    let order = match outcome {
        Ok(order) => order,
        // One attempt was lost and another refused: the record tells which of them counts. Refused alone, it may be of another
        // order that has the number by mistake, and long been paid.
        Err(error) if error.is_ambiguous() && error.api_error().is_some() => {
            recorded(run, request).await.ok_or(error)?
        }
        Err(error) => return Err(error),
    };
    if order.deposit_address.as_deref() == Some("-1") {
        let what = format!("{} on its chain (depositAddress is -1)", request.token).into();
        let error = Error::new(ErrorKind::NotEnabled { what });
        return Err(run.session.named(error));
    }
    Ok(order)
}

/// The order that an earlier attempt made, if the gateway has one with the same data.
async fn recorded(
    run: &Run,
    request: &CreateCheckoutOrderRequest,
) -> Option<Response<CreatedCheckoutOrder>> {
    let lookup = Run::new(
        std::sync::Arc::clone(&run.shared),
        Plan::of(&operations::GET_CHECKOUT_ORDER, run.shared.deadline),
    );
    let found = lookup.within(async {
        let found = lookup.api().get_checkout_order(&request.order_no).await;
        lookup.answer(found, |found| found.retdata)
    });
    let (record, reply) = found.await.ok()?.into_parts();
    if !is_of(&record, request) {
        return None;
    }
    let created: CreatedCheckoutOrderEnvelope = serde_json::from_slice(reply.body()).ok()?;
    Some(Response::new(created.retdata?, reply))
}

/// Whether a record is of this request: a number may have been used before.
fn is_of(record: &CheckoutOrder, request: &CreateCheckoutOrderRequest) -> bool {
    fn agrees<T: PartialEq>(shown: Option<T>, sent: T) -> bool {
        shown.is_none_or(|shown| shown == sent)
    }
    record.order_no.as_deref() == Some(request.order_no.as_str())
        && record.order_amount.map(|amount| amount.get()) == Some(request.order_amount.get())
        && agrees(
            record.token.as_ref().map(|token| token.as_str()),
            request.token.as_str(),
        )
        && agrees(
            record.customer_id.as_ref().map(|id| id.as_text()),
            request.customer_id.as_str().into(),
        )
        && agrees(
            record.merchant_id.as_ref().map(|id| id.as_text()),
            request.merchant_id.as_str().into(),
        )
}

/// An order to be made. Its number, the idempotency key, is made with the value and stays the same however often
/// it is sent.
#[derive(Clone)]
#[must_use = "an order is made when `create` is awaited"]
pub struct NewCheckoutOrder(CreateCheckoutOrderRequest);

impl NewCheckoutOrder {
    /// An order over an amount of US dollars, exact to the digit, paid in this coin on its chain, for a customer of a merchant. Its
    /// limits were not seen; the gateway refuses what it does not take.
    ///
    /// A guide asks for customer and merchant both; the brands differ on whether the merchant is required, so that
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

    /// Your own number: letters and digits (observed live). It must be new.
    pub fn with_order_no(mut self, number: impl Into<String>) -> Self {
        self.0.order_no = number.into();
        self
    }

    /// How long it can be paid, in seconds; without it the gateway decides.
    pub fn expired_in(mut self, seconds: i64) -> Self {
        self.0.expired_in = Some(seconds);
        self
    }

    /// Where a browser goes after the payment.
    pub fn pc_callback_url(mut self, url: impl Into<String>) -> Self {
        self.0.pc_callback_url = Some(url.into());
        self
    }

    /// Where an app goes after the payment.
    pub fn app_callback_url(mut self, url: impl Into<String>) -> Self {
        self.0.app_callback_url = Some(url.into());
        self
    }

    /// Its number.
    #[must_use]
    pub fn order_no(&self) -> &str {
        &self.0.order_no
    }

    /// The request as it will be sent.
    #[must_use]
    pub const fn request(&self) -> &CreateCheckoutOrderRequest {
        &self.0
    }
}

impl From<CreateCheckoutOrderRequest> for NewCheckoutOrder {
    fn from(request: CreateCheckoutOrderRequest) -> Self {
        Self(request)
    }
}

impl fmt::Debug for NewCheckoutOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        keyed(f, "NewCheckoutOrder", "order_no", self.order_no())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> NewCheckoutOrder {
        NewCheckoutOrder::usd(Decimal::new(50, 2), "ETH_USDT", "6", "1")
    }

    #[test]
    fn the_number_is_made_once_and_is_legal() {
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
    fn a_record_of_other_data_is_not_taken_for_the_order() {
        let order = order().with_order_no("7").0;
        let same = r#"{"orderNo":"7","orderAmount":0.5,"customerId":6,"merchantId":"1","token":"ETH_USDT"}"#;
        for (from, to, is) in [
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
            assert_eq!(is_of(&record, &order), is, "{from} -> {to}");
        }
    }
}
