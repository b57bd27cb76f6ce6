//! Status changes of records, caused by a call, a test or the clock.
//!
//! Every status change goes through [`Ledger::set_status`], so that its consequences are never
//! missing: the transfer of money, the event, and the next scheduled transition.

use serde_json::json;

use super::{
    AbnormalPaymentRecord, Customer, Ledger, LedgerAccount, OrderRecord, Product, RecordKey,
    RefundRecord, RefundSource, SettlementRecord, TradeRecord, raw,
};
use crate::clock::after;
use crate::money::exact;
use crate::settings::Delays;

impl Ledger {
    /// Applies all transitions that are due, each at its own time. Transitions that are scheduled
    /// from now on use these delays.
    pub(crate) fn apply_due(&mut self, now: i64, delays: Delays) {
        self.delays = delays;
        self.request = None;
        while let Some((at, record)) = self.scheduler.take_due(now) {
            if let Some((_, status)) = self.transition(&record, at) {
                self.set_status(&record, status, at);
            }
        }
    }

    /// Schedules the transition that the clock causes for a record with its current status.
    pub(crate) fn schedule(&mut self, record: RecordKey, at: i64) {
        let transition = self.transition(&record, at);
        let due = transition.and_then(|(due, _)| due);
        self.scheduler.schedule(record, due);
    }

    /// Returns the transition that the clock causes for a record with its current status since `at`:
    /// its time, or `None` if the record waits for a call, and its status.
    fn transition(&self, record: &RecordKey, at: i64) -> Option<(Option<i64>, &'static str)> {
        let delays = &self.delays;
        let (delay, status) = match record {
            RecordKey::Kyb(id) => match self.customers.get(id)?.kyb_status.as_str() {
                Customer::KYB_PENDING => {
                    let outcome = delays.kyb_outcome;
                    let status = outcome.choose(Customer::APPROVED, Customer::REJECTED);
                    (delays.kyb, status)
                }
                _ => return None,
            },
            RecordKey::Trade(id) => match self.trades.get(id)?.status.as_str() {
                TradeRecord::PENDING => (delays.trade_expiry, TradeRecord::EXPIRED),
                TradeRecord::PROCESSING => {
                    let outcome = delays.trade_outcome;
                    let status = outcome.choose(TradeRecord::COMPLETED, TradeRecord::FAILED);
                    (delays.trade, status)
                }
                _ => return None,
            },
            RecordKey::Order(number) => {
                let order = self.orders.get(number)?;
                let is_paying = order.status == OrderRecord::PAYING;
                return is_paying.then(|| (Some(order.expires_at()), OrderRecord::TIMEOUT));
            }
            RecordKey::Refund(number) => {
                let refund = self.refunds.get(number)?;
                let status = match refund.status.as_str() {
                    RefundRecord::PENDING => RefundRecord::REFUNDING,
                    RefundRecord::REFUNDING if self.covers_refund(refund) => {
                        let outcome = delays.refund_outcome;
                        outcome.choose(RefundRecord::REFUNDED, RefundRecord::FAILED)
                    }
                    RefundRecord::REFUNDING => RefundRecord::FAILED,
                    _ => return None,
                };
                (delays.refund, status)
            }
            RecordKey::Settlement(number) => {
                let settlement = self.settlements.get(number)?;
                let status = match settlement.status.as_str() {
                    SettlementRecord::PENDING => SettlementRecord::SETTLING,
                    SettlementRecord::SETTLING if self.covers_settlement(settlement) => {
                        let outcome = delays.settlement_outcome;
                        outcome.choose(SettlementRecord::SETTLED, SettlementRecord::FAILED)
                    }
                    SettlementRecord::SETTLING => SettlementRecord::FAILED,
                    _ => return None,
                };
                (delays.settlement, status)
            }
        };
        Some((delay.map(|seconds| after(at, seconds)), status))
    }

    fn covers_refund(&self, refund: &RefundRecord) -> bool {
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

    fn covers_settlement(&self, settlement: &SettlementRecord) -> bool {
        match (&settlement.token, settlement.amount) {
            (Some(token), Some(amount)) => {
                self.balances.covers(LedgerAccount::Merchant, token, amount)
            }
            // The amount of a settlement in fiat is not known.
            _ => true,
        }
    }

    /// Sets the status of a record. The first change of a trade, refund or settlement to its
    /// successful status transfers the amount. Returns `None` if there is no such record.
    pub(crate) fn set_status(&mut self, record: &RecordKey, status: &str, at: i64) -> Option<()> {
        match record {
            RecordKey::Kyb(id) => status.clone_into(&mut self.customers.get_mut(id)?.kyb_status),
            RecordKey::Trade(id) => self.set_trade_status(*id, status, at)?,
            RecordKey::Order(number) => {
                let order = self.orders.get_mut(number)?;
                status.clone_into(&mut order.status);
                order.updated = at;
                self.add_change_event(at, "CHECKOUT_ORDER_CHANGED", ("order", number), status);
            }
            RecordKey::Refund(number) => self.set_refund_status(number, status, at)?,
            RecordKey::Settlement(number) => self.set_settlement_status(number, status, at)?,
        }
        self.schedule(record.clone(), at);
        Some(())
    }

    fn set_trade_status(&mut self, id: i64, status: &str, at: i64) -> Option<()> {
        let trade = self.trades.get_mut(&id)?;
        status.clone_into(&mut trade.status);
        if status == TradeRecord::COMPLETED && !trade.is_transferred {
            use LedgerAccount::{Exchange, External, Fees};

            trade.is_transferred = true;
            let (from, to) = (&trade.from_currency, &trade.to_currency);
            let (amount, fee) = (trade.really_amount, trade.total_fee);
            self.balances.transfer((External, Fees), from, fee);
            self.balances.transfer((External, Exchange), from, amount);
            self.balances.transfer((Exchange, External), to, amount);
        }
        let data = raw(trade);
        // The name is the sandbox's choice: no page shows one.
        let name = "PAYMENT_REQUEST_CHANGED";
        self.add_event(at, name, (Product::Payments, data), None);
        Some(())
    }

    fn set_refund_status(&mut self, number: &str, status: &str, at: i64) -> Option<()> {
        let refund = self.refunds.get_mut(number)?;
        status.clone_into(&mut refund.status);
        refund.updated = at;
        let transfer = status == RefundRecord::REFUNDED && !refund.is_transferred;
        refund.is_transferred |= transfer;
        let (source, amount) = (refund.source.clone(), refund.amount);
        self.add_change_event(at, "REFUND_ORDER_CHANGED", ("refund", number), status);
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
        let mut refunds = self.refunds.values().filter(|it| it.source == source);
        let status = if refunds.any(|it| it.status == RefundRecord::REFUNDING) {
            OrderRecord::REFUNDING
        } else if order.refunded_amount >= order.paying_amount {
            OrderRecord::REFUNDED
        } else if order.refunded_amount.is_zero() {
            OrderRecord::PAID
        } else {
            OrderRecord::PARTIAL_REFUNDED
        };
        if order.status != status {
            self.set_status(&RecordKey::Order(number.to_owned()), status, at);
        }
    }

    fn set_settlement_status(&mut self, number: &str, status: &str, at: i64) -> Option<()> {
        let settlement = self.settlements.get_mut(number)?;
        status.clone_into(&mut settlement.status);
        settlement.updated = at;
        if status == SettlementRecord::SETTLED && !settlement.is_transferred {
            settlement.is_transferred = true;
            if let (Some(token), Some(amount)) = (&settlement.token, settlement.amount) {
                let accounts = (LedgerAccount::Merchant, LedgerAccount::External);
                self.balances.transfer(accounts, token, amount);
            }
        }
        self.add_change_event(
            at,
            "SETTLEMENT_ORDER_CHANGED",
            ("settlement", number),
            status,
        );
        Some(())
    }

    /// Records the change of a checkout record. `prefix` begins the names of its fields.
    fn add_change_event(
        &mut self,
        at: i64,
        name: &str,
        (prefix, number): (&str, &str),
        status: &str,
    ) {
        let number_field = match prefix {
            "order" => "orderNo".to_owned(),
            _ => format!("{prefix}OrderNo"),
        };
        let data = json!({ (number_field): number, (format!("{prefix}Status")): status });
        self.add_event(at, name, (Product::Checkout, raw(&data)), None);
    }
}
