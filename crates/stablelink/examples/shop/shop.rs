//! Orders, webhooks, refunds and payouts of the shop.

use stablelink::open_enums::CheckoutOrderStatus as Status;
use stablelink::types::AbnormalPayment;
use stablelink::webhook::{EventPayload, WebhookEvent};
use stablelink::{
    Client, CustomerId, Decimal, Environment, Error, ErrorKind, MerchantId, NewCheckoutOrder,
    NewRefund, NewSettlement,
};

use super::order_book::{OrderBook, Payment, Transfer, refund_name};
use super::support::Outcome;

const TOKEN: &str = "ETH_USDT";

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
            EventPayload::AbnormalPayment(payment) => {
                self.add_abnormal_payment(&payment, event.id()).await
            }
            EventPayload::RefundOrder(change) => self.on_transfer(change.refund_order_no).await,
            EventPayload::SettlementOrder(change) => {
                self.on_transfer(change.settlement_order_no).await
            }
            // The gateway may add types.
            _ => Ok(()),
        }
    }

    /// Adds a case for a payment that was too high, too low or too late: the money is there, and a person decides.
    async fn add_abnormal_payment(
        &self,
        payment: &AbnormalPayment,
        event_id: Option<&str>,
    ) -> Outcome {
        if let Some(order_no) = &payment.order_no
            && self.orders.amount(order_no).await?.is_none()
        {
            return Ok(()); // The order is of another shop with the same credentials.
        }
        let case = payment.abnormal_payment_no.as_deref().or(event_id);
        let case = case.ok_or("an abnormal payment has no number")?;
        let reason = serde_json::to_string(payment)?;
        self.orders.add_review(case, &reason).await
    }

    /// Looks up the transfer of an event. If the event has no number, `reconcile` looks up the transfer.
    async fn on_transfer(&self, number: Option<String>) -> Outcome {
        let Some(number) = number else { return Ok(()) };
        match self.orders.transfer_name(&number).await? {
            Some(name) => self.reconcile_transfer(&name).await,
            None => Ok(()), // The transfer is of another shop with the same credentials.
        }
    }

    /// Looks up an order, and closes it if its status is final. A paid order is added to the list of the warehouse, or becomes a
    /// case for a person if it has another amount.
    pub async fn look_up(&self, order_no: &str) -> Outcome {
        let Some(amount) = self.orders.amount(order_no).await? else {
            return Ok(()); // The order is of another shop with the same credentials.
        };
        let order = self.client.checkout_orders().get(order_no).await?;
        let status = match order.status()? {
            // A status that this program does not know is not final.
            Status::Paying | Status::Other(_) => return Ok(()),
            status @ (Status::Cancelled | Status::Timeout) => {
                return self.orders.close(order_no, status.as_str()).await;
            }
            status => status,
        };
        let ordered = order.order_amount()?;
        if ordered == amount {
            return self.orders.close(order_no, status.as_str()).await;
        }
        let case = format!("paid:{order_no}");
        let reason = format!("the order is {status} and has amount {ordered}, not {amount}");
        self.orders.escalate_order(order_no, &case, &reason).await
    }

    /// Brings every open order and every pending transfer to its status, and looks for abnormal payments: at the start, after a
    /// crash, and from time to time, because a webhook may be lost. Returns the failures, which the next call tries again.
    pub async fn reconcile(&self) -> Outcome<Vec<String>> {
        let mut failures = Vec::new();
        let mut add = |name: &str, result: Outcome| {
            failures.extend(result.err().map(|error| format!("{name}: {error}")));
        };
        for order_no in self.orders.open().await? {
            add(&order_no, self.reconcile_order(&order_no).await);
        }
        for name in self.orders.pending().await? {
            add(&name, self.reconcile_transfer(&name).await);
        }
        let mut payments = self.client.refunds().list_abnormal_payments().records();
        while let Some(payment) = payments.next().await {
            let added = match payment {
                Ok(payment) => self.add_abnormal_payment(&payment, None).await,
                Err(error) => Err(error.into()),
            };
            add("abnormal payments", added);
        }
        Ok(failures)
    }

    async fn reconcile_order(&self, order_no: &str) -> Outcome {
        let mut sent = Ok(());
        if !self.orders.is_created(order_no).await?
            && let Some(order) = self.orders.request(order_no).await?
        {
            self.orders.begin(order_no).await?;
            // A rejection does not close the order: an earlier attempt may have created it.
            sent = self.send(&order).await.map(drop);
        }
        let found = self.look_up(order_no).await;
        let Err(error) = sent else { return found };
        let is_missing = found.is_err_and(|error| {
            let error: Option<&Error> = error.downcast_ref();
            error.is_some_and(|error| matches!(error.kind(), ErrorKind::Api(_)))
        });
        if is_final(&error) && (is_missing || error.may_have_taken_effect()) {
            let reason = error.to_string();
            self.orders
                .escalate_order(order_no, order_no, &reason)
                .await?;
        }
        Err(error.into())
    }

    async fn reconcile_transfer(&self, name: &str) -> Outcome {
        match self.orders.transfer(name).await? {
            // If another attempt is running, it looks up the transfer too.
            Some(stored) if self.orders.is_pending(name).await? => {
                self.send_transfer(name, &stored, false).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Refunds a paid order in full. A second call pays nothing more. See [`pay_out`](Self::pay_out) for errors.
    ///
    /// No page specifies the currency of the amount; this is the amount of the order in US dollars.
    pub async fn refund(&self, order_no: &str) -> Outcome {
        let status = self.orders.status(order_no).await?;
        if status.as_deref() != Some(Status::Paid.as_str()) {
            return Err(format!("order {order_no} is not paid: {status:?}").into());
        }
        let amount = self.orders.amount(order_no).await?.ok_or("no amount")?;
        let refund = Transfer::Refund(NewRefund::of_order(order_no, amount));
        self.transfer(&refund_name(order_no), &refund).await
    }

    /// Pays out to the wallet of the shop. The name, such as the date, identifies the payout: a second call with the same name
    /// and content pays nothing more, and one with other content is an error.
    ///
    /// It returns when the gateway has the payout; `reconcile` looks it up until it is made. After an error, do not pay by hand,
    /// unless the payout is a case for a person: otherwise it was rejected and can be corrected, or `reconcile` sends it again.
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
        if self.orders.is_pending(name).await? {
            let is_new = other.number() == transfer.number();
            return match self.send_transfer(name, &stored, is_new).await? {
                true => Ok(()),
                false => Err(format!("{name} was replaced, or another attempt is running").into()),
            };
        }
        match self.orders.review(name).await? {
            Some(reason) => Err(format!("{name} is a case for a person: {reason}").into()),
            None if self.orders.transfer(name).await? == Some(stored) => Ok(()),
            None => Err(format!("{name} was rejected in another call").into()),
        }
    }

    /// Sends a pending transfer, or looks it up if the gateway has it. The transfer then stays pending, or is made, or is a case for
    /// a person. A new one whose first attempt is rejected is deleted, because the caller sees the error and can correct it.
    /// Returns false, and sends nothing, if the transfer was replaced or another attempt is running.
    pub async fn send_transfer(&self, name: &str, stored: &str, is_new: bool) -> Outcome<bool> {
        let transfer: Transfer = serde_json::from_str(stored)?;
        let Some(attempt) = self.orders.begin_transfer(name, stored).await? else {
            return Ok(false);
        };
        let is_created = self.orders.is_transfer_created(name).await?;
        let case = match self.transfer_status(&transfer, is_created).await {
            Ok(status) => match status.as_deref() {
                Some("REFUNDED" | "SETTLED") => self.orders.finish(name).await.map(|()| None),
                Some(status @ ("FAILED" | "REJECTED" | "CANCELLED")) => Ok(Some(status.to_owned())),
                // A new transfer has no status, and an unknown status is not final.
                _ => self.orders.set_transfer_created(name).await.map(|()| None),
            },
            // Only the rejection of a request to create is final: a lookup changes nothing.
            Err(error) if is_created || !is_final(&error) => {
                Err(format!("{name} stays pending: {error}").into())
            }
            Err(error) if is_new && attempt == 1 && !error.may_have_taken_effect() => {
                self.orders.discard(name).await.and(Err(error.into()))
            }
            Err(error) => Ok(Some(error.to_string())),
        };
        let sent = match case {
            Ok(Some(problem)) => {
                let number = transfer.number();
                let reason =
                    format!("{problem}; look up {number} before you pay: an attempt may have paid");
                let added = self.orders.escalate_transfer(name, &reason).await;
                added.and(Err(
                    format!("{name} is a case for a person: {reason}").into()
                ))
            }
            other => other.map(drop),
        };
        self.orders.end_transfer(name, attempt).await?;
        sent.map(|()| true)
    }

    /// Creates a transfer, or looks it up, and returns its status.
    async fn transfer_status(
        &self,
        transfer: &Transfer,
        is_created: bool,
    ) -> Result<Option<String>, Error> {
        Ok(match transfer {
            Transfer::Refund(refund) => {
                let refunds = self.client.refunds();
                let record = match is_created {
                    true => refunds.get(transfer.number()).await?,
                    false => refunds.create(refund).or_existing().await?,
                };
                record.status().ok().map(|status| status.to_string())
            }
            Transfer::Payout(payout) => {
                let settlements = self.client.settlements();
                let record = match is_created {
                    true => settlements.get(transfer.number()).await?,
                    false => settlements.create(payout).or_existing().await?,
                };
                record.status().ok().map(|status| status.to_string())
            }
        })
    }
}

/// Returns whether a request to create a record fails in the same way however often it is sent.
fn is_final(error: &Error) -> bool {
    match error.kind() {
        // Without a retcode, a proxy may have sent the response. A duplicate is looked up again.
        ErrorKind::Api(rejection) => {
            rejection.retcode().is_some() && !error.may_have_taken_effect()
        }
        ErrorKind::Conflict(_) | ErrorKind::NotEnabled { .. } => true,
        kind => matches!(kind, ErrorKind::InvalidArgument { .. }),
    }
}
