//! Orders, webhooks, refunds and payouts of the shop.

use stablelink::open_enums::{
    CheckoutOrderStatus as Status, RefundOrderStatus, SettlementOrderStatus,
};
use stablelink::webhook::{EventPayload, WebhookEvent};
use stablelink::{
    Client, CustomerId, Decimal, Environment, Error, ErrorKind, MerchantId, NewCheckoutOrder,
    NewRefund, NewSettlement,
};

use super::order_book::{OrderBook, Payment, Transfer};
use super::support::Outcome;

const TOKEN: &str = "ETH_USDT";

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
pub struct Shop {
    pub environment: Environment,
    pub client: Client,
    pub orders: OrderBook,
    /// The payer as the vendor knows it. A real shop has one for each customer.
    pub customer: CustomerId,
    pub merchant: MerchantId,
}

/// The state of an order that the customer sees.
#[derive(Debug, PartialEq)]
pub enum Checkout {
    Pay(Payment),
    /// Whether the order exists is not known yet. The customer sees no address, and the shop creates no other order.
    Wait,
    Closed(String),
}

impl Shop {
    /// Creates an order over an amount of US dollars, and returns its number.
    pub async fn buy(&self, amount: Decimal) -> Outcome<(String, Checkout)> {
        let (customer, merchant) = (self.customer.clone(), self.merchant.clone());
        let order = NewCheckoutOrder::usd(amount, TOKEN, customer, merchant);
        let order_no = order.order_no().to_owned();
        self.orders.add(&order, amount).await?;
        self.orders.begin(&order_no).await?;
        let error = match self.send(&order).await {
            Ok(checkout) => return Ok((order_no, checkout)),
            Err(error) => error,
        };
        if matches!(error.kind(), ErrorKind::NotEnabled { .. }) {
            // The order exists, but cannot be paid. It stays open until it times out.
            Err(error.into())
        } else if error.may_have_taken_effect() || error.is_retryable() {
            // The order stays open, and `reconcile` sends it again.
            eprintln!("order {order_no}: {error}");
            Ok((order_no, Checkout::Wait))
        } else {
            self.orders.reject(&order_no).await?;
            Err(error.into())
        }
    }

    /// Returns the state of an order, or `None` if the order is not of this shop.
    pub async fn checkout(&self, order_no: &str) -> Outcome<Option<Checkout>> {
        if self.orders.request(order_no).await?.is_none() {
            return Ok(None);
        }
        if let Some(status) = self.orders.status(order_no).await? {
            return Ok(Some(Checkout::Closed(status)));
        }
        let payment = self.orders.payment(order_no).await?;
        Ok(Some(payment.map_or(Checkout::Wait, Checkout::Pay)))
    }

    /// Sends a stored order. It has the same number each time, so at most one order is created.
    async fn send(&self, order: &NewCheckoutOrder) -> Result<Checkout, Error> {
        let orders = self.client.checkout_orders();
        let created = orders.create(order).or_existing().await?;
        let checkout = match created.existing_status() {
            None | Some(Status::Paying) => Checkout::Pay(Payment {
                amount: created.paying_amount()?,
                address: created.deposit_address()?.to_owned(),
            }),
            Some(status) => Checkout::Closed(status.to_string()),
        };
        let payment = match &checkout {
            Checkout::Pay(payment) => Some(payment),
            _ => None,
        };
        // Without this record, `reconcile` sends the order again, which creates nothing.
        if let Err(error) = self.orders.set_created(order.order_no(), payment).await {
            eprintln!("order {}: not recorded: {error}", order.order_no());
        }
        Ok(checkout)
    }

    /// Handles a webhook. The event only announces a change: the status and the amount are looked up.
    pub async fn on_event(&self, event: WebhookEvent) -> Outcome {
        match event.payload()? {
            EventPayload::CheckoutOrder(change) => {
                let order_no = change.order_no.ok_or("the event has no order number")?;
                self.look_up(&order_no).await
            }
            // A payment that was too high, too low or too late: the money is there, and a person decides.
            EventPayload::AbnormalPayment(payment) => {
                let case = payment.abnormal_payment_no.as_deref().or(event.id());
                let case = case.ok_or("the event has no number")?;
                let data = event.data().unwrap_or_default();
                self.orders.add_review(case, data).await
            }
            EventPayload::RefundOrder(change) => {
                use RefundOrderStatus::{Cancelled, Failed};
                match (change.refund_order_no, change.refund_status) {
                    (Some(number), Some(status @ (Failed | Cancelled))) => {
                        self.orders.add_review(&number, status.as_str()).await
                    }
                    _ => Ok(()),
                }
            }
            EventPayload::SettlementOrder(change) => {
                use SettlementOrderStatus::{Cancelled, Failed, Rejected};
                match (change.settlement_order_no, change.settlement_status) {
                    (Some(number), Some(status @ (Failed | Rejected | Cancelled))) => {
                        self.orders.add_review(&number, status.as_str()).await
                    }
                    _ => Ok(()),
                }
            }
            // The gateway may add types.
            _ => Ok(()),
        }
    }

    /// Looks up an order, and closes it if its status is final. A paid order is handed to the warehouse.
    pub async fn look_up(&self, order_no: &str) -> Outcome {
        let Some(amount) = self.orders.amount(order_no).await? else {
            return Ok(()); // The order is of another shop with the same credentials.
        };
        let order = self.client.checkout_orders().get(order_no).await?;
        let status = match order.status()? {
            // A status that this program does not know is not final.
            Status::Paying | Status::Other(_) => return Ok(()),
            status => status.as_str(),
        };
        let ordered = order.order_amount()?;
        if ordered != amount {
            return Err(format!("order {order_no} has amount {ordered}, not {amount}").into());
        }
        let closed = self.orders.close(order_no, status).await?;
        let is_paid = status != Status::Cancelled.as_str() && status != Status::Timeout.as_str();
        if is_paid && closed != Status::Paid.as_str() {
            // For example paid after it had timed out, or refunded before it was shipped.
            let reason = format!("closed as {closed}, and the gateway says {status}");
            self.orders.add_review(order_no, &reason).await?;
        }
        Ok(())
    }

    /// Brings every open order to its status, and sends every pending transfer again: at the start, after a crash, and from time
    /// to time, because a webhook may be lost. Returns the number of failures, which stay open.
    pub async fn reconcile(&self) -> Outcome<usize> {
        let mut failed = 0;
        for order_no in self.orders.open().await? {
            if let Err(error) = self.reconcile_order(&order_no).await {
                self.report(&order_no, &error).await?;
                failed += 1;
            }
        }
        for (name, stored) in self.orders.pending().await? {
            // An error deletes nothing: an earlier attempt may have paid.
            if let Err(error) = self.send_transfer(&name, &stored).await {
                self.report(&name, &error).await?;
                failed += 1;
            }
        }
        Ok(failed)
    }

    /// Logs a failure. One that stays the same however often the request is sent is a case for a person.
    async fn report(&self, case: &str, error: &Failure) -> Outcome {
        eprintln!("{case}: {error}");
        match is_final(error) {
            true => self.orders.add_review(case, &error.to_string()).await,
            false => Ok(()),
        }
    }

    async fn reconcile_order(&self, order_no: &str) -> Outcome {
        let mut sent = Ok(());
        if !self.orders.is_created(order_no).await?
            && let Some(order) = self.orders.request(order_no).await?
        {
            self.orders.begin(order_no).await?;
            // An error does not close the order: an earlier attempt may have created it.
            sent = self.send(&order).await.map(drop);
        }
        let found = self.look_up(order_no).await;
        sent?;
        found
    }

    /// Refunds a paid order in full. A second call sends the same refund again, which pays nothing more.
    ///
    /// No page specifies the currency of the amount; this is the amount of the order in US dollars.
    pub async fn refund(&self, order_no: &str) -> Outcome {
        let status = self.orders.status(order_no).await?;
        if status.as_deref() != Some(Status::Paid.as_str()) {
            return Err(format!("order {order_no} is not paid: {status:?}").into());
        }
        let amount = self.orders.amount(order_no).await?.ok_or("no amount")?;
        let refund = Transfer::Refund(NewRefund::of_order(order_no, amount));
        self.transfer(&format!("refund:{order_no}"), &refund).await
    }

    /// Pays out to the wallet of the shop. The name, such as the date, identifies the payout: a second call with the same name
    /// and content pays nothing more, and one with other content is an error.
    pub async fn pay_out(
        &self,
        name: &str,
        (amount, address): (Decimal, &str),
        orders: &[String],
    ) -> Outcome {
        let merchant = self.merchant.clone();
        let payout = NewSettlement::new(amount, TOKEN, address, merchant, orders.iter().cloned());
        self.transfer(&format!("payout:{name}"), &Transfer::Payout(payout))
            .await
    }

    /// Stores a transfer and sends the stored one, which an earlier call may have stored.
    async fn transfer(&self, name: &str, transfer: &Transfer) -> Outcome {
        let stored = self.orders.store(name, transfer).await?;
        let other: Transfer = serde_json::from_str(&stored)?;
        if !other.has_content_of(transfer)? {
            return Err(format!("{name} is stored with other content").into());
        }
        let sent = self.send_transfer(name, &stored).await;
        if sent.as_ref().is_err_and(is_final) {
            // It had no effect, so a corrected one can be sent under this name.
            self.orders.discard(name, &stored).await?;
        }
        sent
    }

    async fn send_transfer(&self, name: &str, stored: &str) -> Outcome {
        let transfer: Transfer = serde_json::from_str(stored)?;
        if !self.orders.begin_transfer(name, stored).await? {
            return Err(format!("{name} was replaced meanwhile").into());
        }
        // An existing record may have failed. A new one has no status.
        let failure = match transfer {
            Transfer::Refund(refund) => {
                use RefundOrderStatus::{Cancelled, Failed};
                let refund = self.client.refunds().create(&refund).or_existing().await?;
                let status = refund.status().ok();
                status
                    .filter(|status| matches!(status, Failed | Cancelled))
                    .map(|status| status.to_string())
            }
            Transfer::Payout(payout) => {
                use SettlementOrderStatus::{Cancelled, Failed, Rejected};
                let settlements = self.client.settlements();
                let payout = settlements.create(&payout).or_existing().await?;
                let status = payout.status().ok();
                status
                    .filter(|status| matches!(status, Failed | Rejected | Cancelled))
                    .map(|status| status.to_string())
            }
        };
        if let Some(status) = failure {
            self.orders.add_review(name, &status).await?;
        }
        self.orders.finish(name, stored).await
    }
}

/// Returns whether an error proves that its call had no effect, and stays the same however often the call is made.
fn is_final(error: &Failure) -> bool {
    let error: Option<&Error> = error.downcast_ref();
    error.is_some_and(|error| !error.may_have_taken_effect() && !error.is_retryable())
}
