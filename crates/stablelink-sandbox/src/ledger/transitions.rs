//! Status changes of records, caused by a call, a test or the clock.
//!
//! Every status change goes through this file, so that its consequences are never missing: the
//! transfer of money, the event, and the next scheduled transition.

use serde::Serialize;

use super::scheduler::ScheduledRecord;
use super::{
    AbnormalPaymentRecord, CheckoutOrder, Customer, Ledger, LedgerAccount, RefundOrder,
    RefundSource, SettlementOrder, TradeRecord,
};
use crate::money::exact;
use crate::settings::Delays;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderChange<'a> {
    order_no: &'a str,
    order_status: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundChange<'a> {
    refund_order_no: &'a str,
    refund_status: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettlementChange<'a> {
    settlement_order_no: &'a str,
    settlement_status: &'a str,
}

impl Ledger {
    /// Applies all transitions that are due, each at its own time. Transitions that are scheduled
    /// from now on use these delays.
    pub(crate) fn apply_due(&mut self, now: i64, delays: Delays) {
        self.delays = delays;
        while let Some((at, record)) = self.scheduler.take_due(now) {
            match record {
                ScheduledRecord::Kyb(id) => {
                    let outcome = delays.kyb_outcome;
                    let status = outcome.choose(Customer::APPROVED, Customer::REJECTED);
                    self.set_kyb_status(id, status, at);
                }
                ScheduledRecord::Trade(id) => self.advance_trade(id, at),
                ScheduledRecord::Order(number) => {
                    self.set_order_status(&number, CheckoutOrder::TIMEOUT, at);
                }
                ScheduledRecord::Refund(number) => self.advance_refund(&number, at),
                ScheduledRecord::Settlement(number) => self.advance_settlement(&number, at),
            }
        }
    }

    /// Sets the status of a KYB. Returns `None` if there is no such customer.
    pub(crate) fn set_kyb_status(&mut self, id: i64, status: &str, at: i64) -> Option<()> {
        let customer = self.customers.get_mut(&id)?;
        status.clone_into(&mut customer.kyb_status);
        let delay = self.delays.kyb.filter(|_| status == Customer::KYB_PENDING);
        let record = ScheduledRecord::Kyb(id);
        self.scheduler.schedule(record, after(at, delay));
        Some(())
    }

    pub(crate) fn add_trade(&mut self, trade: TradeRecord) {
        let (id, at) = (trade.id, trade.created);
        self.trades.insert(id, trade);
        self.schedule_trade(id, at);
    }

    /// Sets the status of a trade. The first change to `Completed` transfers its money. Returns
    /// `None` if there is no such trade.
    pub(crate) fn set_trade_status(&mut self, id: i64, status: &str, at: i64) -> Option<()> {
        let trade = self.trades.get_mut(&id)?;
        status.clone_into(&mut trade.status);
        if status == TradeRecord::COMPLETED && !trade.is_transferred {
            use LedgerAccount::{Exchange, External, Fees};

            trade.is_transferred = true;
            let (from, to) = (&trade.from_currency, &trade.to_currency);
            let amount = trade.really_amount;
            self.balances
                .transfer((External, Fees), from, trade.total_fee);
            self.balances.transfer((External, Exchange), from, amount);
            self.balances.transfer((Exchange, External), to, amount);
        }
        self.schedule_trade(id, at);
        self.add_trade_event(id, at);
        Some(())
    }

    fn schedule_trade(&mut self, id: i64, at: i64) {
        let status = self.trades.get(&id).map(|trade| trade.status.as_str());
        let delay = match status {
            Some(TradeRecord::PENDING) => self.delays.trade_expiry,
            Some(TradeRecord::PROCESSING) => self.delays.trade,
            _ => None,
        };
        let record = ScheduledRecord::Trade(id);
        self.scheduler.schedule(record, after(at, delay));
    }

    fn advance_trade(&mut self, id: i64, at: i64) {
        let outcome = self.delays.trade_outcome;
        let status = self.trades.get(&id).map(|trade| trade.status.as_str());
        let next = match status {
            Some(TradeRecord::PENDING) => TradeRecord::EXPIRED,
            Some(TradeRecord::PROCESSING) => {
                outcome.choose(TradeRecord::COMPLETED, TradeRecord::FAILED)
            }
            _ => return,
        };
        self.set_trade_status(id, next, at);
    }

    pub(crate) fn add_order(&mut self, order: CheckoutOrder) {
        let record = ScheduledRecord::Order(order.order_no.clone());
        self.scheduler.schedule(record, Some(order.expires_at()));
        self.orders.insert(order.order_no.clone(), order);
    }

    /// Sets the status of an order. No money is transferred. Returns `None` if there is no such
    /// order.
    pub(crate) fn set_order_status(&mut self, number: &str, status: &str, at: i64) -> Option<()> {
        let order = self.orders.get_mut(number)?;
        status.clone_into(&mut order.status);
        order.updated = at;
        let timeout = (status == CheckoutOrder::PAYING).then(|| order.expires_at());
        let record = ScheduledRecord::Order(number.to_owned());
        self.scheduler.schedule(record, timeout);
        let change = OrderChange {
            order_no: number,
            order_status: status,
        };
        self.add_checkout_event(at, "CHECKOUT_ORDER_CHANGED", &change);
        Some(())
    }

    pub(crate) fn add_refund(&mut self, refund: RefundOrder) {
        let (number, at) = (refund.number.clone(), refund.created);
        self.refunds.insert(number.clone(), refund);
        self.schedule_refund(&number, at);
    }

    /// Sets the status of a refund. The first change to `REFUNDED` transfers its money. The order
    /// or the abnormal payment is updated too. Returns `None` if there is no such refund.
    pub(crate) fn set_refund_status(&mut self, number: &str, status: &str, at: i64) -> Option<()> {
        let refund = self.refunds.get_mut(number)?;
        status.clone_into(&mut refund.status);
        refund.updated = at;
        let transfer = status == RefundOrder::REFUNDED && !refund.is_transferred;
        refund.is_transferred |= transfer;
        let (source, amount) = (refund.source.clone(), refund.amount);
        self.schedule_refund(number, at);
        let change = RefundChange {
            refund_order_no: number,
            refund_status: status,
        };
        self.add_checkout_event(at, "REFUND_ORDER_CHANGED", &change);
        match &source {
            RefundSource::Order(number) => {
                if let Some(order) = self.orders.get_mut(number).filter(|_| transfer) {
                    order.refunded_amount = order.refunded_amount.saturating_add(amount);
                    let accounts = (LedgerAccount::Merchant, LedgerAccount::External);
                    self.balances.transfer(accounts, &order.token, amount);
                }
                self.update_refunded_order(number, at);
            }
            RefundSource::AbnormalPayment(number) if transfer => {
                let refunded = self.sum_refunds(&source, |refund| refund.is_transferred);
                if let Some(payment) = self.abnormal_payments.get_mut(number) {
                    let accounts = (LedgerAccount::AbnormalPayments, LedgerAccount::External);
                    self.balances.transfer(accounts, &payment.token, amount);
                    payment.updated = at;
                    if refunded >= exact(payment.pending_amount) {
                        payment.status = AbnormalPaymentRecord::HANDLED;
                    }
                }
                self.add_abnormal_payment_event(number, at);
            }
            RefundSource::AbnormalPayment(_) => {}
        }
        Some(())
    }

    /// Sets the status of a paid order according to its refunds.
    fn update_refunded_order(&mut self, number: &str, at: i64) {
        let Some(order) = self.orders.get(number).filter(|order| order.was_paid()) else {
            return;
        };
        let source = RefundSource::Order(number.to_owned());
        let mut refunds = self.refunds.values();
        let status = if refunds.any(|it| it.source == source && it.status == RefundOrder::REFUNDING)
        {
            CheckoutOrder::REFUNDING
        } else if order.refunded_amount >= order.paying_amount {
            CheckoutOrder::REFUNDED
        } else if order.refunded_amount.is_zero() {
            CheckoutOrder::PAID
        } else {
            CheckoutOrder::PARTIAL_REFUNDED
        };
        if order.status != status {
            self.set_order_status(number, status, at);
        }
    }

    fn schedule_refund(&mut self, number: &str, at: i64) {
        let status = self.refunds.get(number).map(|it| it.status.as_str());
        let is_open = matches!(status, Some(RefundOrder::PENDING | RefundOrder::REFUNDING));
        let delay = self.delays.refund.filter(|_| is_open);
        let record = ScheduledRecord::Refund(number.to_owned());
        self.scheduler.schedule(record, after(at, delay));
    }

    fn advance_refund(&mut self, number: &str, at: i64) {
        let Some(refund) = self.refunds.get(number) else {
            return;
        };
        let outcome = self.delays.refund_outcome;
        let next = match refund.status.as_str() {
            RefundOrder::PENDING => RefundOrder::REFUNDING,
            RefundOrder::REFUNDING if self.covers_refund(refund) => {
                outcome.choose(RefundOrder::REFUNDED, RefundOrder::FAILED)
            }
            RefundOrder::REFUNDING => RefundOrder::FAILED,
            _ => return,
        };
        self.set_refund_status(number, next, at);
    }

    fn covers_refund(&self, refund: &RefundOrder) -> bool {
        let (account, token) = match &refund.source {
            RefundSource::Order(number) => {
                let order = self.orders.get(number);
                (LedgerAccount::Merchant, order.map(|it| &it.token))
            }
            RefundSource::AbnormalPayment(number) => {
                let payment = self.abnormal_payments.get(number);
                (LedgerAccount::AbnormalPayments, payment.map(|it| &it.token))
            }
        };
        token.is_some_and(|token| self.balances.covers(account, token, refund.amount))
    }

    pub(crate) fn add_settlement(&mut self, settlement: SettlementOrder) {
        let (number, at) = (settlement.number.clone(), settlement.created);
        self.settlements.insert(number.clone(), settlement);
        self.schedule_settlement(&number, at);
    }

    /// Sets the status of a settlement. The first change to `SETTLED` transfers its money, if it
    /// has a token and an amount. Returns `None` if there is no such settlement.
    pub(crate) fn set_settlement_status(
        &mut self,
        number: &str,
        status: &str,
        at: i64,
    ) -> Option<()> {
        let settlement = self.settlements.get_mut(number)?;
        status.clone_into(&mut settlement.status);
        settlement.updated = at;
        if status == SettlementOrder::SETTLED && !settlement.is_transferred {
            settlement.is_transferred = true;
            if let (Some(token), Some(amount)) = (&settlement.token, settlement.amount) {
                let accounts = (LedgerAccount::Merchant, LedgerAccount::External);
                self.balances.transfer(accounts, token, amount);
            }
        }
        self.schedule_settlement(number, at);
        let change = SettlementChange {
            settlement_order_no: number,
            settlement_status: status,
        };
        self.add_checkout_event(at, "SETTLEMENT_ORDER_CHANGED", &change);
        Some(())
    }

    fn schedule_settlement(&mut self, number: &str, at: i64) {
        let status = self.settlements.get(number).map(|it| it.status.as_str());
        let is_open = matches!(
            status,
            Some(SettlementOrder::PENDING | SettlementOrder::SETTLING)
        );
        let delay = self.delays.settlement.filter(|_| is_open);
        let record = ScheduledRecord::Settlement(number.to_owned());
        self.scheduler.schedule(record, after(at, delay));
    }

    fn advance_settlement(&mut self, number: &str, at: i64) {
        let Some(settlement) = self.settlements.get(number) else {
            return;
        };
        let covered = match (&settlement.token, settlement.amount) {
            (Some(token), Some(amount)) => {
                self.balances.covers(LedgerAccount::Merchant, token, amount)
            }
            // The amount of a settlement in fiat is not known.
            _ => true,
        };
        let outcome = self.delays.settlement_outcome;
        let next = match settlement.status.as_str() {
            SettlementOrder::PENDING => SettlementOrder::SETTLING,
            SettlementOrder::SETTLING if covered => {
                outcome.choose(SettlementOrder::SETTLED, SettlementOrder::FAILED)
            }
            SettlementOrder::SETTLING => SettlementOrder::FAILED,
            _ => return,
        };
        self.set_settlement_status(number, next, at);
    }
}

/// Adds seconds to a time in milliseconds.
fn after(at: i64, seconds: Option<u64>) -> Option<i64> {
    let seconds = i64::try_from(seconds?).unwrap_or(i64::MAX);
    Some(at.saturating_add(seconds.saturating_mul(1000)))
}
