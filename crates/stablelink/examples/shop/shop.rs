//! What the shop does with orders, webhooks, refunds and payouts.

use stablelink::open_enums::CheckoutOrderStatus;
use stablelink::webhook::{EventPayload, WebhookEvent};
use stablelink::{
    Client, CustomerId, Decimal, Environment, Error, MerchantId, NewCheckoutOrder, NewRefund,
    NewSettlement, Response, types,
};

use super::order_book::OrderBook;
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

/// What the page of an order shows to the customer.
#[derive(Debug)]
pub enum Checkout {
    Pay {
        amount: Decimal,
        address: String,
    },
    /// Whether the order exists is not known yet. Show no address, and do not create another order.
    Wait,
    Closed {
        status: String,
    },
}

impl Shop {
    /// Creates an order over an amount of US dollars, and returns its number.
    pub async fn buy(&self, amount: Decimal) -> Outcome<(String, Checkout)> {
        let (customer, merchant) = (self.customer.clone(), self.merchant.clone());
        let order = NewCheckoutOrder::usd(amount, TOKEN, customer, merchant);
        let order_no = order.order_no().to_owned();
        self.orders.add(&order, amount).await?;
        match self.send(&order).await {
            Ok(checkout) => Ok((order_no, checkout)),
            // The order stays open, and `reconcile` sends it again.
            Err(error) if error.may_have_taken_effect() || error.is_retryable() => {
                eprintln!("order {order_no}: {error}");
                Ok((order_no, Checkout::Wait))
            }
            // No earlier attempt exists, so nothing was created.
            Err(error) => {
                self.orders.close(&order_no, "REJECTED").await?;
                Err(error.into())
            }
        }
    }

    /// Sends a stored order. It has the same number each time, so at most one order is created.
    async fn send(&self, order: &NewCheckoutOrder) -> Result<Checkout, Error> {
        let orders = self.client.checkout_orders();
        let created = orders.create(order).or_existing().await?;
        if let Err(error) = self.orders.mark_created(order.order_no()).await {
            eprintln!("order {}: not recorded: {error}", order.order_no());
        }
        match created.existing_status() {
            None | Some(CheckoutOrderStatus::Paying) => Ok(Checkout::Pay {
                amount: created.paying_amount()?,
                address: created.deposit_address()?.to_owned(),
            }),
            Some(status) => Ok(Checkout::Closed {
                status: status.to_string(),
            }),
        }
    }

    /// Handles a webhook. The event only announces a change: the status and the amount are looked up.
    pub async fn on_event(&self, event: WebhookEvent) -> Outcome {
        if let EventPayload::CheckoutOrder(change) = event.payload()?
            && let Some(order_no) = &change.order_no
        {
            self.look_up(order_no).await?;
        }
        Ok(())
    }

    /// Looks up an order, and closes it if its status is final.
    pub async fn look_up(&self, order_no: &str) -> Outcome {
        let Some(amount) = self.orders.amount(order_no).await? else {
            return Ok(()); // An order of another shop with the same credentials.
        };
        let order = self.client.checkout_orders().get(order_no).await?;
        if let Some(status) = final_status(&order)? {
            let ordered = order.order_amount()?;
            if ordered != amount {
                return Err(format!("order {order_no} has amount {ordered}, not {amount}").into());
            }
            self.orders.close(order_no, status).await?;
        }
        Ok(())
    }

    /// Brings every open order to its status: at the start, after a crash, and from time to time, because a webhook may be lost.
    /// Returns the number of orders that failed; they stay open.
    pub async fn reconcile(&self) -> Outcome<usize> {
        let mut failed = 0;
        for order_no in self.orders.open().await? {
            if let Err(error) = self.reconcile_order(&order_no).await {
                eprintln!("order {order_no}: {error}");
                failed += 1;
            }
        }
        Ok(failed)
    }

    async fn reconcile_order(&self, order_no: &str) -> Outcome {
        if !self.orders.is_created(order_no).await?
            && let Some(order) = self.orders.request(order_no).await?
        {
            // An error does not close the order: an earlier attempt may have created it.
            self.send(&order).await?;
        }
        self.look_up(order_no).await
    }

    /// Refunds a paid order in full. A second call sends the same refund again, which pays nothing more.
    ///
    /// No page specifies the currency of the amount; this is the amount of the order in US dollars.
    pub async fn refund(&self, order_no: &str) -> Outcome<String> {
        if self.orders.status(order_no).await?.as_deref() != Some("PAID") {
            return Err(format!("order {order_no} is not paid").into());
        }
        let amount = self.orders.amount(order_no).await?.ok_or("no amount")?;
        let name = format!("shop:refund:{order_no}");
        let refund = NewRefund::of_order(order_no, amount);
        let refund = self.orders.store_once(&name, &refund).await?;
        let refunds = self.client.refunds();
        refunds.create(&refund).or_existing().await?;
        Ok(refund.refund_order_no().to_owned())
    }

    /// Pays out to the wallet of the shop. The name, such as the date, identifies the payout: a second call with the same name
    /// sends the first payout again, which pays nothing more.
    pub async fn pay_out(
        &self,
        name: &str,
        (amount, address): (Decimal, &str),
        orders: &[String],
    ) -> Outcome<String> {
        let merchant = self.merchant.clone();
        let payout = NewSettlement::new(amount, TOKEN, address, merchant, orders.iter().cloned());
        let name = format!("shop:payout:{name}");
        let payout = self.orders.store_once(&name, &payout).await?;
        let settlements = self.client.settlements();
        settlements.create(&payout).or_existing().await?;
        Ok(payout.settlement_order_no().to_owned())
    }
}

/// Returns the status if it is final. A status that this program does not know is not final.
fn final_status(order: &Response<types::CheckoutOrder>) -> Result<Option<&str>, Error> {
    let status = order.status()?;
    Ok(match status {
        CheckoutOrderStatus::Paying | CheckoutOrderStatus::Other(_) => None,
        status => Some(status.as_str()),
    })
}
