//! The records of the shop in Redis. Each request is stored before it is sent, so that a crash or a lost response loses nothing.
//! In production, Redis must keep its data (`appendonly yes`) and evict nothing.

use std::collections::BTreeMap;

use redis::FromRedisValue;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use stablelink::{Decimal, NewCheckoutOrder, NewRefund, NewSettlement};

use super::support::Outcome;

/// The numbers of the orders that the shop looks up until they have a final status.
const OPEN: &str = "shop:open";
/// The numbers of the paid orders, in the order of their payment.
const TO_SHIP: &str = "shop:to-ship";
/// The names of the transfers that the shop sends, and then looks up until they are made.
const PENDING: &str = "shop:pending";
/// The names of the transfers, by their numbers.
const TRANSFER_NAMES: &str = "shop:transfer-names";
/// Cases for a person, each with its reason. A person who resolves a case replaces its reason and does not delete it, so that the
/// shop never adds it again.
const REVIEW: &str = "shop:review";
/// The maximum duration of an attempt to send a transfer in seconds, longer than the deadline of a call (60 s). After a crash, the
/// next attempt begins after this time.
const ATTEMPT_TTL: &str = "120";

/// Sets the final status of an order once. In the same step, a paid order is added to the list of the warehouse, and a payment of
/// an order that was closed before (for example a timeout or a refund by hand) becomes a case.
const CLOSE: &str = "
if redis.call('HSETNX', KEYS[1], 'status', ARGV[2]) == 1 and ARGV[2] == 'PAID' then
  redis.call('RPUSH', KEYS[3], ARGV[1])
end
redis.call('SREM', KEYS[2], ARGV[1])
local closed = redis.call('HGET', KEYS[1], 'status')
if closed ~= 'PAID' and ARGV[2] ~= 'CANCELLED' and ARGV[2] ~= 'TIMEOUT' then
  redis.call('HSETNX', KEYS[4], 'paid:' .. ARGV[1], 'closed as ' .. closed .. ', and the gateway says ' .. ARGV[2])
end";

/// Closes an order that the gateway rejected, unless another attempt was made: that one may have created it.
const REJECT: &str = "
if redis.call('HGET', KEYS[1], 'attempts') == '1' then
  redis.call('HSETNX', KEYS[1], 'status', 'REJECTED')
  redis.call('SREM', KEYS[2], ARGV[1])
end";

/// Makes an order or a transfer a case for a person. In the same step, the shop stops to send it and to look it up.
const ESCALATE: &str = "
redis.call('HSETNX', KEYS[1], 'status', 'REVIEW')
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('HSETNX', KEYS[3], ARGV[2], ARGV[3])";

/// Stores a transfer under its name, unless one is stored. Returns the stored one.
const STORE: &str = "
if redis.call('HSETNX', KEYS[1], 'request', ARGV[2]) == 1 then
  redis.call('SADD', KEYS[2], ARGV[1])
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[1])
end
return redis.call('HGET', KEYS[1], 'request')";

/// Counts an attempt, and locks the transfer. Returns 0 if the transfer is not pending, was replaced, or is locked.
const BEGIN: &str = "
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 or redis.call('HGET', KEYS[1], 'request') ~= ARGV[2]
  or redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local attempt = redis.call('HINCRBY', KEYS[1], 'attempts', 1)
redis.call('SET', KEYS[3], attempt, 'EX', ARGV[3])
return attempt";

/// Unlocks a transfer, unless the lock expired and is that of another attempt.
const END: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

/// Deletes a transfer that the gateway rejected, unless another attempt was made: that one may have paid.
const DISCARD: &str = "
if redis.call('HGET', KEYS[1], 'attempts') == '1' then
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
    /// Returns the number of the refund or the settlement, by which the gateway recognises a repeated request.
    pub fn number(&self) -> &str {
        match self {
            Self::Refund(refund) => refund.refund_order_no(),
            Self::Payout(payout) => payout.settlement_order_no(),
        }
    }

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

    /// Sets the final status, if the order has none. A paid order is added to the list of the warehouse once. If the order is paid
    /// but was closed with another status, this is a case for a person.
    pub async fn close(&self, order_no: &str, status: &str) -> Outcome {
        let key = order_key(order_no);
        let keys = [&key, OPEN, TO_SHIP, REVIEW];
        self.eval(CLOSE, &keys, &[order_no, status]).await
    }

    /// Makes an order a case for a person, and closes it, unless it is closed.
    pub async fn escalate_order(&self, order_no: &str, case: &str, reason: &str) -> Outcome {
        let key = order_key(order_no);
        let keys = [&key, OPEN, REVIEW];
        self.eval(ESCALATE, &keys, &[order_no, case, reason]).await
    }

    /// Closes an order whose only attempt was rejected.
    pub async fn reject(&self, order_no: &str) -> Outcome {
        let key = order_key(order_no);
        self.eval(REJECT, &[&key, OPEN], &[order_no]).await
    }

    /// Returns the numbers of the orders without a final status.
    pub async fn open(&self) -> Outcome<Vec<String>> {
        self.run(&["SMEMBERS", OPEN]).await
    }

    /// Returns the list of the warehouse: the paid orders without a refund.
    pub async fn to_ship(&self) -> Outcome<Vec<String>> {
        let mut to_ship = Vec::new();
        for order_no in self
            .run::<Vec<String>>(&["LRANGE", TO_SHIP, "0", "-1"])
            .await?
        {
            if self.transfer(&refund_name(&order_no)).await?.is_none() {
                to_ship.push(order_no);
            }
        }
        Ok(to_ship)
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
        let keys = [&key, PENDING, TRANSFER_NAMES];
        self.eval(STORE, &keys, &[name, &request, transfer.number()])
            .await
    }

    /// Returns the stored transfer as JSON.
    pub async fn transfer(&self, name: &str) -> Outcome<Option<String>> {
        self.run(&["HGET", &transfer_key(name), "request"]).await
    }

    /// Returns the name of the transfer with this number, or `None` if the transfer is not of this shop.
    pub async fn transfer_name(&self, number: &str) -> Outcome<Option<String>> {
        self.run(&["HGET", TRANSFER_NAMES, number]).await
    }

    /// Counts an attempt to send a transfer or to look it up, and locks the transfer until [`end_transfer`](Self::end_transfer).
    /// Returns the number of attempts, or `None` if the transfer is not pending, was replaced, or is locked: do not send it.
    pub async fn begin_transfer(&self, name: &str, stored: &str) -> Outcome<Option<u64>> {
        let (key, lock) = (transfer_key(name), lock_key(name));
        let keys = [&key, PENDING, &lock];
        let attempt: u64 = self
            .eval(BEGIN, &keys, &[name, stored, ATTEMPT_TTL])
            .await?;
        Ok((attempt > 0).then_some(attempt))
    }

    /// Unlocks a transfer after this attempt.
    pub async fn end_transfer(&self, name: &str, attempt: u64) -> Outcome {
        let attempt = attempt.to_string();
        self.eval(END, &[&lock_key(name)], &[&attempt]).await
    }

    /// Records that the gateway has the transfer.
    pub async fn set_transfer_created(&self, name: &str) -> Outcome {
        self.run(&["HSET", &transfer_key(name), "created", "1"])
            .await
    }

    pub async fn is_transfer_created(&self, name: &str) -> Outcome<bool> {
        self.run(&["HEXISTS", &transfer_key(name), "created"]).await
    }

    /// Records that a transfer is made.
    pub async fn finish(&self, name: &str) -> Outcome {
        self.run(&["SREM", PENDING, name]).await
    }

    /// Deletes a transfer whose only attempt was rejected, so that it can be corrected.
    pub async fn discard(&self, name: &str) -> Outcome {
        let key = transfer_key(name);
        self.eval(DISCARD, &[&key, PENDING], &[name]).await
    }

    /// Makes a transfer a case for a person. The shop does not send it again.
    pub async fn escalate_transfer(&self, name: &str, reason: &str) -> Outcome {
        let key = transfer_key(name);
        let keys = [&key, PENDING, REVIEW];
        self.eval(ESCALATE, &keys, &[name, name, reason]).await
    }

    /// Returns the names of the transfers that are neither made nor cases for a person.
    pub async fn pending(&self) -> Outcome<Vec<String>> {
        self.run(&["SMEMBERS", PENDING]).await
    }

    pub async fn is_pending(&self, name: &str) -> Outcome<bool> {
        self.run(&["SISMEMBER", PENDING, name]).await
    }

    /// Adds a case for a person, unless it was added before.
    pub async fn add_review(&self, case: &str, reason: &str) -> Outcome {
        self.run(&["HSETNX", REVIEW, case, reason]).await
    }

    /// Returns the reason of a case.
    pub async fn review(&self, case: &str) -> Outcome<Option<String>> {
        self.run(&["HGET", REVIEW, case]).await
    }

    /// Returns the cases for a person with their reasons.
    pub async fn reviews(&self) -> Outcome<BTreeMap<String, String>> {
        self.run(&["HGETALL", REVIEW]).await
    }

    async fn field(&self, order_no: &str, name: &str) -> Outcome<Option<String>> {
        self.run(&["HGET", &order_key(order_no), name]).await
    }

    async fn eval<T: FromRedisValue>(
        &self,
        script: &str,
        keys: &[&str],
        arguments: &[&str],
    ) -> Outcome<T> {
        let count = keys.len().to_string();
        self.run(&[&["EVAL", script, &count], keys, arguments].concat())
            .await
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

/// Returns the key of the lock that allows one attempt at a time.
fn lock_key(name: &str) -> String {
    format!("shop:lock:{name}")
}

/// Returns the name of the refund of an order.
pub fn refund_name(order_no: &str) -> String {
    format!("refund:{order_no}")
}
