//! The calls that one client repeats: exchange rates, trades, and orders with refunds and settlements.

use stablelink::scalars::DecimalString;
use stablelink::types::{CheckoutOrder, ConfirmTransactionRequest, Trade};
use stablelink::{Client, Decimal, NewCheckoutOrder, NewRefund, NewSettlement, NewTrade};
use tokio::sync::mpsc::Sender;

use super::client::{LoadClient, PaymentOutcome, StepOutcome};
use super::{LogEntry, LogLine};

const COINS: [&str; 7] = [
    "ETH_USDT", "ETH_USDC", "ETH_WUSD", "TRX_USDT", "TRX_USDC", "SOL_USDT", "SOL_USDC",
];

/// Sold currency, bought currency.
const TRADES: [(&str, &str); 4] = [
    ("USD", "USDC"),
    ("USD", "USDT"),
    ("USDC", "USD"),
    ("USDT", "USD"),
];

/// Decimal places of a coin.
const COIN_DIGITS: u32 = 6;

/// The state of one client: its customer, and the log that it reports payments to.
pub(super) struct Scenario {
    pub(super) client: LoadClient,
    pub(super) customer: i64,
    pub(super) log: Sender<LogLine>,
}

impl Scenario {
    /// Runs one random step: a rate, a trade, or an order. A step takes up to a dozen calls.
    pub(super) async fn run_step(&mut self) {
        match self.client.random.u32(0..100) {
            0..35 => self.rate().await,
            35..65 => self.trade().await,
            _ => self.order().await,
        }
    }

    async fn report(&self, entry: LogEntry) {
        // The receiver is dropped only if the test was aborted, which is reported elsewhere.
        let _ = self.log.send(LogLine::Entry(entry)).await;
    }

    async fn report_unresolved(&self, what: &str, key: String) {
        let what = what.to_owned();
        self.report(LogEntry::Unresolved { what, key }).await;
    }

    /// Returns a random amount with two decimal places.
    fn amount(&mut self, cents: std::ops::Range<i64>) -> Decimal {
        Decimal::new(self.client.random.i64(cents), 2)
    }

    async fn rate(&mut self) {
        let amount = self.amount(100..1_000_000);
        let quote = self.client.api.exchange_rates();
        let quote = quote.quote("USDC", "USD").amount(amount);
        // A failed quote is not retried here: it moves no money.
        let _ = self.client.call(quote.client_id(self.customer)).await;
    }

    async fn trade(&mut self) {
        let at = self.client.random.usize(0..TRADES.len());
        let (sold, bought) = TRADES[at];
        let amount = self.amount(1_000..500_000);
        let customer = self.customer;
        let new = || match sold {
            "USD" => NewTrade::on_ramp(customer, sold, bought, amount),
            _ => NewTrade::off_ramp(customer, sold, bought, amount),
        };
        let (key, outcome) = self
            .client
            .create_and_resolve(
                new,
                NewTrade::request_id,
                |client, trade| client.trades().create(trade),
                |client, key| client.trades().get(key),
            )
            .await;
        let fee = match &outcome {
            PaymentOutcome::Created(created) => created.total_fee,
            PaymentOutcome::Found(record) => record.total_fee,
            PaymentOutcome::AssumedSucceeded => None,
            PaymentOutcome::AssumedFailed => return,
            PaymentOutcome::Unresolved => return self.report_unresolved("trade", key).await,
        };
        let mut confirmed = None;
        if self.client.random.u32(0..10) > 0 && !matches!(outcome, PaymentOutcome::AssumedSucceeded)
        {
            let record = match self.confirm(&key).await {
                StepOutcome::Done(record) => record,
                StepOutcome::Denied(record) => {
                    let what = "confirmation".to_owned();
                    let key = key.clone();
                    self.report(LogEntry::Denied { what, key }).await;
                    record
                }
                StepOutcome::Unresolved => {
                    return self.report_unresolved("confirmation", key).await;
                }
            };
            confirmed.clone_from(&record.tx_no);
        }
        self.report(LogEntry::Trade {
            key,
            sold: sold.to_owned(),
            bought: bought.to_owned(),
            amount: amount.into(),
            fee: fee.map(|fee| DecimalString::from(fee.get())),
            confirmed,
        })
        .await;
    }

    async fn confirm(&mut self, key: &str) -> StepOutcome<Trade> {
        self.client
            .run_once(
                |client| client.trades().get(key),
                (
                    |trade| has_status(trade, "Processing") || has_status(trade, "Completed"),
                    |trade| has_status(trade, "Pending"),
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
        let at = self.client.random.usize(0..COINS.len());
        let token = COINS[at];
        let amount = self.amount(50..100_000);
        let (key, outcome) = self
            .client
            .create_and_resolve(
                || NewCheckoutOrder::usd(amount, token, "6".into(), "1".into()),
                NewCheckoutOrder::order_no,
                |client, order| client.checkout_orders().create(order),
                |client, key| client.checkout_orders().get(key),
            )
            .await;
        let paying = match &outcome {
            PaymentOutcome::Created(created) => created.paying_amount,
            PaymentOutcome::Found(record) => record.paying_amount,
            PaymentOutcome::AssumedSucceeded => None,
            PaymentOutcome::AssumedFailed => return,
            PaymentOutcome::Unresolved => return self.report_unresolved("order", key).await,
        };
        self.report(LogEntry::Order {
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
            .client
            .until(|client| client.checkout_orders().wait(key.clone()), is_paid)
            .await;
        if paid.is_none() {
            return self.report_unresolved("payment of an order", key).await;
        }
        let mut remaining = paying.get();
        if self.client.random.bool() {
            let part = Decimal::new(self.client.random.i64(1..100), 2);
            let part = (remaining * part).trunc_with_scale(COIN_DIGITS);
            self.refund(&key, token, part).await;
            remaining -= part;
        }
        if self.client.random.bool() {
            self.settlement(key, token, remaining).await;
        }
    }

    async fn refund(&mut self, order: &str, token: &str, amount: Decimal) {
        let (key, outcome) = self
            .client
            .create_and_resolve(
                || NewRefund::of_order(order, amount),
                NewRefund::refund_order_no,
                |client, refund| client.refunds().create(refund),
                |client, key| client.refunds().get(key),
            )
            .await;
        match outcome {
            PaymentOutcome::Created(_)
            | PaymentOutcome::Found(_)
            | PaymentOutcome::AssumedSucceeded => {
                let (token, amount) = (token.to_owned(), amount.into());
                self.report(LogEntry::Refund { key, token, amount }).await;
            }
            PaymentOutcome::AssumedFailed => {}
            PaymentOutcome::Unresolved => self.report_unresolved("refund", key).await,
        }
    }

    async fn settlement(&mut self, order: String, token: &str, amount: Decimal) {
        let address = "0x0000000000000000000000000000000000000001";
        let (key, outcome) = self
            .client
            .create_and_resolve(
                || NewSettlement::new(amount, token, address, "1".into(), [order.as_str()]),
                NewSettlement::settlement_order_no,
                |client, settlement| client.settlements().create(settlement),
                |client, key| client.settlements().get(key),
            )
            .await;
        match outcome {
            PaymentOutcome::Created(_)
            | PaymentOutcome::Found(_)
            | PaymentOutcome::AssumedSucceeded => {
                let (token, amount) = (token.to_owned(), amount.into());
                self.report(LogEntry::Settlement { key, token, amount })
                    .await;
            }
            PaymentOutcome::AssumedFailed => {}
            PaymentOutcome::Unresolved => self.report_unresolved("settlement", key).await,
        }
    }
}

fn has_status(trade: &Trade, status: &str) -> bool {
    let actual = trade.status.as_ref();
    actual.is_some_and(|actual| actual.as_str() == status)
}

fn is_paid(order: &CheckoutOrder) -> bool {
    let status = order.order_status.as_ref();
    status.is_some_and(|status| status.as_str() == "PAID")
}
