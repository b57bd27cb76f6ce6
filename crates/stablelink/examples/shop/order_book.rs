//! The records of the shop in Redis. Each request is stored before it is sent, so that a crash or a lost response loses nothing.

use redis::aio::MultiplexedConnection;
use serde::{Serialize, de::DeserializeOwned};
use stablelink::{Decimal, NewCheckoutOrder};

use super::support::Outcome;

/// The numbers of the orders without a final status.
const OPEN: &str = "shop:open";
/// The numbers of the paid orders, in the order of their payment. The warehouse takes them from here.
const TO_SHIP: &str = "shop:to-ship";

/// Closes an order once, and hands a paid order to the warehouse in the same step.
const CLOSE: &str = "
if redis.call('HSETNX', KEYS[1], 'status', ARGV[2]) == 1 and ARGV[2] == 'PAID' then
  redis.call('RPUSH', KEYS[3], ARGV[1])
end
redis.call('SREM', KEYS[2], ARGV[1])";

/// One hash for each order: its request, its amount, whether the gateway has it, and its final status.
#[derive(Clone)]
pub struct OrderBook(MultiplexedConnection);

impl OrderBook {
    pub async fn connect(url: &str) -> Outcome<Self> {
        let client = redis::Client::open(url)?;
        Ok(Self(client.get_multiplexed_async_connection().await?))
    }

    /// Stores an order that is about to be sent.
    pub async fn add(&self, order: &NewCheckoutOrder, amount: Decimal) -> Outcome {
        let request = serde_json::to_string(order)?;
        redis::pipe()
            .atomic()
            .hset(key(order.order_no()), "request", request)
            .hset(key(order.order_no()), "amount", amount.to_string())
            .sadd(OPEN, order.order_no())
            .exec_async(&mut self.0.clone())
            .await?;
        Ok(())
    }

    /// Records that the gateway has the order.
    pub async fn mark_created(&self, order_no: &str) -> Outcome {
        let mut command = redis::cmd("HSET");
        command.arg(key(order_no)).arg("created").arg(1);
        Ok(command.exec_async(&mut self.0.clone()).await?)
    }

    /// Records the final status, if the order has none. A paid order is handed to the warehouse, once.
    pub async fn close(&self, order_no: &str, status: &str) -> Outcome {
        let mut command = redis::cmd("EVAL");
        command.arg(CLOSE).arg(3).arg(key(order_no)).arg(OPEN);
        command.arg(TO_SHIP).arg(order_no).arg(status);
        Ok(command.exec_async(&mut self.0.clone()).await?)
    }

    /// Returns the numbers of the orders without a final status.
    pub async fn open(&self) -> Outcome<Vec<String>> {
        let mut command = redis::cmd("SMEMBERS");
        Ok(command.arg(OPEN).query_async(&mut self.0.clone()).await?)
    }

    /// Returns the paid orders that wait for the warehouse.
    pub async fn to_ship(&self) -> Outcome<Vec<String>> {
        let mut command = redis::cmd("LRANGE");
        command.arg(TO_SHIP).arg(0).arg(-1);
        Ok(command.query_async(&mut self.0.clone()).await?)
    }

    /// Returns the stored request of an order, or `None` if the order is not of this shop.
    pub async fn request(&self, order_no: &str) -> Outcome<Option<NewCheckoutOrder>> {
        let request = self.field(order_no, "request").await?;
        Ok(request.as_deref().map(serde_json::from_str).transpose()?)
    }

    pub async fn amount(&self, order_no: &str) -> Outcome<Option<Decimal>> {
        let amount = self.field(order_no, "amount").await?;
        Ok(amount.map(|amount| amount.parse()).transpose()?)
    }

    pub async fn status(&self, order_no: &str) -> Outcome<Option<String>> {
        self.field(order_no, "status").await
    }

    pub async fn is_created(&self, order_no: &str) -> Outcome<bool> {
        Ok(self.field(order_no, "created").await?.is_some())
    }

    /// Stores a request under a name, unless one is stored, and returns the stored one: sending it again repeats nothing.
    pub async fn store_once<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        request: &T,
    ) -> Outcome<T> {
        let request = serde_json::to_string(request)?;
        let (stored,): (String,) = redis::pipe()
            .atomic()
            .set_nx(name, request)
            .ignore()
            .get(name)
            .query_async(&mut self.0.clone())
            .await?;
        Ok(serde_json::from_str(&stored)?)
    }

    async fn field(&self, order_no: &str, name: &str) -> Outcome<Option<String>> {
        let mut command = redis::cmd("HGET");
        command.arg(key(order_no)).arg(name);
        Ok(command.query_async(&mut self.0.clone()).await?)
    }
}

fn key(order_no: &str) -> String {
    format!("shop:order:{order_no}")
}
