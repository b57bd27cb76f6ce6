//! The steps that records take, by a call, by hand or by the clock.
//!
//! Every change of a status goes through here, so that what follows from it is never forgotten:
//! the money that moves, the event that tells of it, and the next step.

mod checkout;
#[cfg(test)]
mod random;

use super::{Books, Customer, LedgerAccount, Order, Record, Trade};
use crate::delays::Delays;

impl Books {
    /// Takes all steps that are due by now, each at its own time. Steps that begin from now on
    /// follow this pace.
    pub(crate) fn settle(&mut self, now: i64, pace: Delays) {
        self.pace = pace;
        while let Some((at, record)) = self.agenda.take(now) {
            match record {
                Record::Kyb(id) => {
                    let status = pace
                        .kyb_outcome
                        .choose(Customer::APPROVED, Customer::REJECTED);
                    self.set_kyb(id, status, at);
                }
                Record::Trade(id) => self.step_trade(id, at),
                Record::Order(number) => _ = self.set_order(&number, Order::TIMEOUT, at),
                Record::Refund(number) => self.step_refund(&number, at),
                Record::Settlement(number) => self.step_settlement(&number, at),
            }
        }
    }

    /// Gives a KYB a status. `None`: there is no such customer.
    pub(crate) fn set_kyb(&mut self, id: i64, status: &str, at: i64) -> Option<()> {
        let customer = self.customers.get_mut(&id)?;
        status.clone_into(&mut customer.kyb_status);
        let takes = self.pace.kyb.filter(|_| status == Customer::KYB_PENDING);
        self.agenda.plan(Record::Kyb(id), after(at, takes));
        Some(())
    }

    /// Takes a new trade in.
    pub(crate) fn add_trade(&mut self, trade: Trade) {
        let (id, at) = (trade.id, trade.created);
        self.trades.insert(id, trade);
        self.plan_trade(id, at);
    }

    /// Gives a trade a status. With `Completed`, once, its money moves. `None`: there is no such
    /// trade.
    pub(crate) fn set_trade(&mut self, id: i64, status: &str, at: i64) -> Option<()> {
        let trade = self.trades.get_mut(&id)?;
        status.clone_into(&mut trade.status);
        if status == Trade::COMPLETED && !trade.moved {
            trade.moved = true;
            let (from, to) = (&trade.from_currency, &trade.to_currency);
            let really = trade.amount - trade.total_fee;
            for (way, currency, amount) in [
                (
                    (LedgerAccount::External, LedgerAccount::Fees),
                    from,
                    trade.total_fee,
                ),
                (
                    (LedgerAccount::External, LedgerAccount::Exchange),
                    from,
                    really,
                ),
                (
                    (LedgerAccount::Exchange, LedgerAccount::External),
                    to,
                    really,
                ),
            ] {
                self.balances.transfer(way, currency, amount);
            }
        }
        self.plan_trade(id, at);
        self.tell_trade(id, at);
        Some(())
    }

    fn plan_trade(&mut self, id: i64, at: i64) {
        let status = self.trades.get(&id).map(|trade| trade.status.as_str());
        let takes = match status {
            Some(Trade::PENDING) => self.pace.trade_expiry,
            Some(Trade::PROCESSING) => self.pace.trade,
            _ => None,
        };
        self.agenda.plan(Record::Trade(id), after(at, takes));
    }

    fn step_trade(&mut self, id: i64, at: i64) {
        let ends = self.pace.trade_outcome;
        let status = self.trades.get(&id).map(|trade| trade.status.as_str());
        let next = match status {
            Some(Trade::PENDING) => Trade::EXPIRED,
            Some(Trade::PROCESSING) => ends.choose(Trade::COMPLETED, Trade::FAILED),
            _ => return,
        };
        self.set_trade(id, next, at);
    }
}

fn after(at: i64, seconds: Option<u64>) -> Option<i64> {
    let seconds = i64::try_from(seconds?).unwrap_or(i64::MAX);
    Some(at.saturating_add(seconds.saturating_mul(1000)))
}
