//! What the gateway tells its clients of.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Books;

pub(crate) const ORDER: &str = "CHECKOUT_ORDER_CHANGED";
pub(crate) const REFUND: &str = "REFUND_ORDER_CHANGED";
pub(crate) const SETTLEMENT: &str = "SETTLEMENT_ORDER_CHANGED";
const ABNORMAL: &str = "ABNORMAL_PAYMENT";
/// The sandbox's own name: no page shows one.
const TRADE: &str = "PAYMENT_REQUEST_CHANGED";

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) of: Of,
    /// The JSON of the record.
    pub(crate) data: Option<Box<RawValue>>,
    pub(crate) simulated: Option<Simulated>,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
}

/// Which product it belongs to: its webhook has another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Checkout,
    Payments,
}

/// What a call for a simulated event carried.
#[derive(Clone, Debug)]
pub(crate) struct Simulated {
    /// All of it.
    pub(crate) request: Box<RawValue>,
    pub(crate) remark: Option<String>,
    pub(crate) develop_client_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderChange<'a> {
    order_no: &'a str,
    order_status: &'a str,
}

pub(super) const fn order<'a>(order_no: &'a str, order_status: &'a str) -> OrderChange<'a> {
    OrderChange {
        order_no,
        order_status,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundChange<'a> {
    refund_order_no: &'a str,
    refund_status: &'a str,
}

pub(super) const fn refund<'a>(number: &'a str, status: &'a str) -> RefundChange<'a> {
    RefundChange {
        refund_order_no: number,
        refund_status: status,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SettlementChange<'a> {
    settlement_order_no: &'a str,
    settlement_status: &'a str,
}

pub(super) const fn settlement<'a>(number: &'a str, status: &'a str) -> SettlementChange<'a> {
    SettlementChange {
        settlement_order_no: number,
        settlement_status: status,
    }
}

fn raw(data: &impl Serialize) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(data).ok()
}

impl Books {
    /// How many events are kept, the latest: enough for any list, and memory stays flat.
    const EVENTS_KEPT: usize = 1000;

    /// Tells of a record of checkout.
    pub(super) fn tell(&mut self, at: i64, name: &str, data: &impl Serialize) {
        self.happened(at, name.to_owned(), (Of::Checkout, raw(data)), None);
    }

    pub(super) fn tell_abnormal(&mut self, number: &str, at: i64) {
        let data = self.abnormal_payments.get(number);
        let data = data.and_then(|payment| raw(&payment.shown()));
        self.happened(at, ABNORMAL.to_owned(), (Of::Checkout, data), None);
    }

    pub(super) fn tell_trade(&mut self, id: i64, at: i64) {
        let data = self.trades.get(&id).and_then(|trade| raw(&trade.shown()));
        self.happened(at, TRADE.to_owned(), (Of::Payments, data), None);
    }

    /// Tells of something that did not happen.
    pub(crate) fn simulate(
        &mut self,
        at: i64,
        name: String,
        data: Option<Box<RawValue>>,
        simulated: Simulated,
    ) {
        self.happened(at, name, (Of::Payments, data), Some(simulated));
    }

    fn happened(
        &mut self,
        created: i64,
        name: String,
        (of, data): (Of, Option<Box<RawValue>>),
        simulated: Option<Simulated>,
    ) {
        let id = self.ids.next();
        let event = Event {
            id,
            name,
            of,
            data,
            simulated,
            created,
        };
        self.outbox.push(event.clone());
        self.events.insert(id, event);
        if self.events.len() > Self::EVENTS_KEPT {
            self.events.pop_first();
        }
    }

    /// Takes the events that nobody was told of yet.
    pub(crate) fn take_outbox(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.outbox)
    }

    /// Whether there are events that nobody was told of yet.
    pub(crate) const fn has_outbox(&self) -> bool {
        !self.outbox.is_empty()
    }
}
