//! The records of the shop in Redis. Each request is stored before it is sent, so that a crash or a lost response loses nothing.
//! In production, Redis must keep its data (`appendonly yes`) and evict nothing.

use redis::FromRedisValue;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use stablelink::{Decimal, NewCheckoutOrder, NewRefund, NewSettlement};

use super::support::Outcome;

/// The numbers of the orders without a final status.
const OPEN: &str = "shop:open";
/// The numbers of the paid orders, in the order of their payment. The warehouse takes them from here.
const TO_SHIP: &str = "shop:to-ship";
/// The names of the transfers that are not known to be made.
const PENDING: &str = "shop:pending";
/// Cases for a person, each with its reason.
const REVIEW: &str = "shop:review";

/// Sets the final status of an order once, and hands a paid order to the warehouse in the same step. Returns the final status.
const CLOSE: &str = "
if redis.call('HSETNX', KEYS[1], 'status', ARGV[2]) == 1 and ARGV[2] == 'PAID' then
  redis.call('RPUSH', KEYS[3], ARGV[1])
end
redis.call('SREM', KEYS[2], ARGV[1])
return redis.call('HGET', KEYS[1], 'status')";

/// Closes an order that the gateway rejected, unless another attempt was made: that one may have created it.
const REJECT: &str = "
if redis.call('HGET', KEYS[1], 'attempts') == '1' then
  redis.call('HSETNX', KEYS[1], 'status', 'REJECTED')
  redis.call('SREM', KEYS[2], ARGV[1])
end";

/// Stores a transfer under its name, unless one is stored. Returns the stored one.
const STORE: &str = "
if redis.call('HSETNX', KEYS[1], 'request', ARGV[2]) == 1 then redis.call('SADD', KEYS[2], ARGV[1]) end
return redis.call('HGET', KEYS[1], 'request')";

/// Counts an attempt, if this transfer is still the stored one: another process may have replaced it by a corrected one.
const BEGIN: &str = "
if redis.call('HGET', KEYS[1], 'request') ~= ARGV[1] then return 0 end
return redis.call('HINCRBY', KEYS[1], 'attempts', 1)";

/// Ends a transfer, if it is still the stored one.
const FINISH: &str = "
if redis.call('HGET', KEYS[1], 'request') == ARGV[2] then redis.call('SREM', KEYS[2], ARGV[1]) end";

/// Deletes a transfer that the gateway rejected, unless another attempt was made: that one may have paid.
const DISCARD: &str = "
if redis.call('HGET', KEYS[1], 'request') == ARGV[2] and redis.call('HGET', KEYS[1], 'attempts') == '1' then
  redis.call('DEL', KEYS[1])
  redis.call('SREM', KEYS[2], ARGV[1])
end";

/// Money that leaves the shop.
#[derive(Serialize, Deserialize)]
pub enum Transfer {
    Refund(NewRefund),
    Payout(NewSettlement),
}

impl Transfer {
    /// Returns whether both transfers differ only in their numbers, which are generated.
    pub fn has_content_of(&self, other: &Self) -> Outcome<bool> {
        Ok(match (self, other) {
            // The name of a refund contains its order, and its amount is always that of the order.
            (Self::Refund(_), Self::Refund(_)) => true,
            (Self::Payout(this), Self::Payout(other)) => {
                let number = this.settlement_order_no();
                let other = other.clone().with_settlement_order_no(number);
                serde_json::to_string(this)? == serde_json::to_string(&other)?
            }
            _ => false,
        })
    }
}

/// The amount that a customer pays, in the token of the order, and the address.
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    pub amount: Decimal,
    pub address: String,
}

/// Opens a connection for each command, which survives a restart of Redis. A busy shop uses a pool.
#[derive(Clone)]
pub struct OrderBook(redis::Client);

impl OrderBook {
    pub fn new(url: &str) -> Outcome<Self> {
        Ok(Self(redis::Client::open(url)?))
    }

    /// Stores an order before it is sent.
    pub async fn add(&self, order: &NewCheckoutOrder, amount: Decimal) -> Outcome {
        let request = serde_json::to_string(order)?;
        redis::pipe()
            .atomic()
            .hset(order_key(order.order_no()), "request", request)
            .hset(order_key(order.order_no()), "amount", amount.to_string())
            .sadd(OPEN, order.order_no())
            .exec_async(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    /// Counts an attempt to send an order, before it is made.
    pub async fn begin(&self, order_no: &str) -> Outcome {
        self.run(&["HINCRBY", &order_key(order_no), "attempts", "1"])
            .await
    }

    /// Records that the gateway has the order, with the payment if it can be paid.
    pub async fn set_created(&self, order_no: &str, payment: Option<&Payment>) -> Outcome {
        let (key, mut pipe) = (order_key(order_no), redis::pipe());
        pipe.atomic().hset(&key, "created", 1);
        if let Some(payment) = payment {
            pipe.hset(&key, "due", payment.amount.to_string());
            pipe.hset(&key, "address", &payment.address);
        }
        Ok(pipe.exec_async(&mut self.connection().await?).await?)
    }

    /// Sets the final status, if the order has none, and returns the final status. A paid order is handed to the warehouse once.
    pub async fn close(&self, order_no: &str, status: &str) -> Outcome<String> {
        let key = order_key(order_no);
        self.run(&["EVAL", CLOSE, "3", &key, OPEN, TO_SHIP, order_no, status])
            .await
    }

    /// Closes an order whose only attempt was rejected.
    pub async fn reject(&self, order_no: &str) -> Outcome {
        let key = order_key(order_no);
        self.run(&["EVAL", REJECT, "2", &key, OPEN, order_no]).await
    }

    /// Returns the numbers of the orders without a final status.
    pub async fn open(&self) -> Outcome<Vec<String>> {
        self.run(&["SMEMBERS", OPEN]).await
    }

    /// Returns the paid orders that wait for the warehouse.
    pub async fn to_ship(&self) -> Outcome<Vec<String>> {
        self.run(&["LRANGE", TO_SHIP, "0", "-1"]).await
    }

    /// Returns the stored request of an order, or `None` if the order is not of this shop.
    pub async fn request(&self, order_no: &str) -> Outcome<Option<NewCheckoutOrder>> {
        let request = self.field(order_no, "request").await?;
        Ok(request.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// Returns the amount of an order in US dollars.
    pub async fn amount(&self, order_no: &str) -> Outcome<Option<Decimal>> {
        let amount = self.field(order_no, "amount").await?;
        Ok(amount.map(|amount| amount.parse()).transpose()?)
    }

    pub async fn payment(&self, order_no: &str) -> Outcome<Option<Payment>> {
        let due = self.field(order_no, "due").await?;
        let address = self.field(order_no, "address").await?;
        let (Some(due), Some(address)) = (due, address) else {
            return Ok(None);
        };
        let amount = due.parse()?;
        Ok(Some(Payment { amount, address }))
    }

    pub async fn status(&self, order_no: &str) -> Outcome<Option<String>> {
        self.field(order_no, "status").await
    }

    pub async fn is_created(&self, order_no: &str) -> Outcome<bool> {
        Ok(self.field(order_no, "created").await?.is_some())
    }

    /// Stores a transfer under this name, unless one is stored, and returns the stored one as JSON: sending it again repeats
    /// nothing.
    pub async fn store(&self, name: &str, transfer: &Transfer) -> Outcome<String> {
        let (key, request) = (transfer_key(name), serde_json::to_string(transfer)?);
        self.run(&["EVAL", STORE, "2", &key, PENDING, name, &request])
            .await
    }

    /// Counts an attempt to send a transfer, before it is made. Returns false if the transfer was replaced: do not send it.
    pub async fn begin_transfer(&self, name: &str, stored: &str) -> Outcome<bool> {
        let key = transfer_key(name);
        let attempts: u64 = self.run(&["EVAL", BEGIN, "1", &key, stored]).await?;
        Ok(attempts > 0)
    }

    /// Records that a transfer is made.
    pub async fn finish(&self, name: &str, stored: &str) -> Outcome {
        let key = transfer_key(name);
        self.run(&["EVAL", FINISH, "2", &key, PENDING, name, stored])
            .await
    }

    /// Deletes a transfer whose only attempt was rejected, so that it can be corrected.
    pub async fn discard(&self, name: &str, stored: &str) -> Outcome {
        let key = transfer_key(name);
        self.run(&["EVAL", DISCARD, "2", &key, PENDING, name, stored])
            .await
    }

    /// Returns the transfers that are not known to be made, as their names and their JSON.
    pub async fn pending(&self) -> Outcome<Vec<(String, String)>> {
        let mut transfers = Vec::new();
        for name in self.run::<Vec<String>>(&["SMEMBERS", PENDING]).await? {
            let stored: Option<String> =
                self.run(&["HGET", &transfer_key(&name), "request"]).await?;
            transfers.extend(stored.map(|stored| (name, stored)));
        }
        Ok(transfers)
    }

    /// Adds a case for a person.
    pub async fn add_review(&self, case: &str, reason: &str) -> Outcome {
        self.run(&["HSET", REVIEW, case, reason]).await
    }

    /// Returns the cases for a person, each followed by its reason.
    pub async fn reviews(&self) -> Outcome<Vec<String>> {
        self.run(&["HGETALL", REVIEW]).await
    }

    async fn field(&self, order_no: &str, name: &str) -> Outcome<Option<String>> {
        self.run(&["HGET", &order_key(order_no), name]).await
    }

    async fn run<T: FromRedisValue>(&self, words: &[&str]) -> Outcome<T> {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        Ok(command.query_async(&mut self.connection().await?).await?)
    }

    async fn connection(&self) -> Outcome<MultiplexedConnection> {
        Ok(self.0.get_multiplexed_async_connection().await?)
    }
}

fn order_key(order_no: &str) -> String {
    format!("shop:order:{order_no}")
}

fn transfer_key(name: &str) -> String {
    format!("shop:transfer:{name}")
}
