//! What one client does all day.

use stablelink::scalars::{DecimalString, IntegerOrText};
use stablelink::types::{CheckoutOrder, ConfirmTransactionRequest, Trade};
use stablelink::{Client, Decimal, NewCheckoutOrder, NewRefund, NewSettlement, NewTrade};
use tokio::sync::mpsc::Sender;

use super::caller::{Caller, Outcome, Step};
use super::{Entry, Line};

const COINS: [&str; 7] = [
    "ETH_USDT", "ETH_USDC", "ETH_WUSD", "TRX_USDT", "TRX_USDC", "SOL_USDT", "SOL_USDC",
];

/// Sold, bought, and the `requestType` of it.
const TRADES: [(&str, &str, i64); 4] = [
    ("USD", "USDC", 1),
    ("USD", "USDT", 1),
    ("USDC", "USD", 2),
    ("USDT", "USD", 2),
];

/// Digits behind the point that a coin has.
const COIN_DIGITS: u32 = 6;

/// Its customer, its caller, and where it tells what it did.
pub(super) struct Business {
    pub(super) caller: Caller,
    pub(super) customer: i64,
    pub(super) journal: Sender<Line>,
}

impl Business {
    /// One piece of business, from one call to a dozen.
    pub(super) async fn go_on(&mut self) {
        match self.caller.random.u32(0..100) {
            0..35 => self.rate().await,
            35..65 => self.trade().await,
            _ => self.order().await,
        }
    }

    async fn tell(&self, entry: Entry) {
        // Nobody listens any more: the run was broken off, and its end is told elsewhere.
        let _ = self.journal.send(Line::Entry(entry)).await;
    }

    async fn open(&self, what: &str, key: String) {
        let what = what.to_owned();
        self.tell(Entry::Open { what, key }).await;
    }

    /// An amount with two digits behind the point.
    fn amount(&mut self, cents: std::ops::Range<i64>) -> Decimal {
        Decimal::new(self.caller.random.i64(cents), 2)
    }

    async fn rate(&mut self) {
        let amount = self.amount(100..1_000_000);
        let quote = self.caller.client.exchange_rates();
        let quote = quote.quote("USDC", "USD").amount(amount);
        // A rate that does not come is asked for another time.
        let _ = self.caller.call(quote.client_id(self.customer)).await;
    }

    async fn trade(&mut self) {
        let at = self.caller.random.usize(0..TRADES.len());
        let (sold, bought, kind) = TRADES[at];
        let amount = self.amount(1_000..500_000);
        let customer = self.customer;
        let new = || {
            NewTrade::new(customer, sold, bought, amount).request_type(IntegerOrText::from(kind))
        };
        let (key, outcome) = self
            .caller
            .settle(
                new,
                NewTrade::request_id,
                |client, trade| client.trades().create(trade),
                |client, key| client.trades().get(key),
            )
            .await;
        let fee = match &outcome {
            Outcome::Answered(made) => made.total_fee,
            Outcome::Recorded(record) => record.total_fee,
            Outcome::Presumed => None,
            Outcome::Forgotten => return,
            Outcome::Open => return self.open("trade", key).await,
        };
        let mut confirmed = None;
        if self.caller.random.u32(0..10) > 0 && !matches!(outcome, Outcome::Presumed) {
            let record = match self.confirmed(&key).await {
                Step::Done(record) => record,
                Step::Denied(record) => {
                    let what = "confirmation".to_owned();
                    let key = key.clone();
                    self.tell(Entry::Denied { what, key }).await;
                    record
                }
                Step::Open => return self.open("confirmation", key).await,
            };
            confirmed.clone_from(&record.tx_no);
        }
        self.tell(Entry::Trade {
            key,
            sold: sold.to_owned(),
            bought: bought.to_owned(),
            amount: amount.into(),
            fee: fee.map(|fee| DecimalString::from(fee.get())),
            confirmed,
        })
        .await;
    }

    async fn confirmed(&mut self, key: &str) -> Step<Trade> {
        self.caller
            .step(
                |client| client.trades().get(key),
                (
                    |trade| is(trade, "Processing") || is(trade, "Completed"),
                    |trade| is(trade, "Pending"),
                ),
                |client: &Client, trade: &Trade| {
                    let tx_no = trade.tx_no.clone();
                    let extra = serde_json::Map::new();
                    let confirmation = ConfirmTransactionRequest { tx_no, extra };
                    client.trades().confirm(confirmation)
                },
            )
            .await
    }

    async fn order(&mut self) {
        let at = self.caller.random.usize(0..COINS.len());
        let token = COINS[at];
        let amount = self.amount(50..100_000);
        let (key, outcome) = self
            .caller
            .settle(
                || NewCheckoutOrder::usd(amount, token, "6", "1"),
                NewCheckoutOrder::order_no,
                |client, order| client.checkout_orders().create(order),
                |client, key| client.checkout_orders().get(key),
            )
            .await;
        let paying = match &outcome {
            Outcome::Answered(made) => made.paying_amount,
            Outcome::Recorded(record) => record.paying_amount,
            Outcome::Presumed => None,
            Outcome::Forgotten => return,
            Outcome::Open => return self.open("order", key).await,
        };
        self.tell(Entry::Order {
            key: key.clone(),
            token: token.to_owned(),
            amount: amount.into(),
            paying: paying.map(|paying| DecimalString::from(paying.get())),
        })
        .await;
        let Some(paying) = paying else {
            return;
        };
        let paid = self
            .caller
            .until(|client| client.checkout_orders().wait(key.clone()), is_paid)
            .await;
        if paid.is_none() {
            return self.open("payment of an order", key).await;
        }
        let mut left = paying.get();
        if self.caller.random.bool() {
            let part = Decimal::new(self.caller.random.i64(1..100), 2);
            let part = (left * part).trunc_with_scale(COIN_DIGITS);
            self.refund(&key, token, part).await;
            left -= part;
        }
        if self.caller.random.bool() {
            self.settlement(key, token, left).await;
        }
    }

    async fn refund(&mut self, order: &str, token: &str, amount: Decimal) {
        let (key, outcome) = self
            .caller
            .settle(
                || NewRefund::of_order(order, amount),
                NewRefund::refund_order_no,
                |client, refund| client.refunds().create(refund),
                |client, key| client.refunds().get(key),
            )
            .await;
        match outcome {
            Outcome::Answered(_) | Outcome::Recorded(_) | Outcome::Presumed => {
                let (token, amount) = (token.to_owned(), amount.into());
                self.tell(Entry::Refund { key, token, amount }).await;
            }
            Outcome::Forgotten => {}
            Outcome::Open => self.open("refund", key).await,
        }
    }

    async fn settlement(&mut self, order: String, token: &str, amount: Decimal) {
        let address = "0x0000000000000000000000000000000000000001";
        let (key, outcome) = self
            .caller
            .settle(
                || NewSettlement::new(amount, token, address, "1", [order.as_str()]),
                NewSettlement::settlement_order_no,
                |client, settlement| client.settlements().create(settlement),
                |client, key| client.settlements().get(key),
            )
            .await;
        match outcome {
            Outcome::Answered(_) | Outcome::Recorded(_) | Outcome::Presumed => {
                let (token, amount) = (token.to_owned(), amount.into());
                self.tell(Entry::Settlement { key, token, amount }).await;
            }
            Outcome::Forgotten => {}
            Outcome::Open => self.open("settlement", key).await,
        }
    }
}

fn is(trade: &Trade, status: &str) -> bool {
    let shown = trade.status.as_ref();
    shown.is_some_and(|shown| shown.as_str() == status)
}

fn is_paid(order: &CheckoutOrder) -> bool {
    let shown = order.order_status.as_ref();
    shown.is_some_and(|shown| shown.as_str() == "PAID")
}
