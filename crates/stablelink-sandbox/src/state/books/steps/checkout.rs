//! The steps of orders, refunds and settlements.

use super::after;
use crate::exact::Exact;
use crate::state::books::{
    AbnormalPayment, Books, LedgerAccount, Order, Record, Refund, Refunded, Settlement, event,
};

impl Books {
    /// Takes a new order in.
    pub(crate) fn add_order(&mut self, order: Order) {
        let (number, ends) = (order.order_no.clone(), order.ends());
        self.orders.insert(number.clone(), order);
        self.agenda.plan(Record::Order(number), Some(ends));
    }

    /// Gives an order a status; no money moves. `None`: there is no such order.
    pub(crate) fn set_order(&mut self, number: &str, status: &str, at: i64) -> Option<()> {
        let order = self.orders.get_mut(number)?;
        status.clone_into(&mut order.status);
        order.updated = at;
        let ends = (status == Order::PAYING).then(|| order.ends());
        self.agenda.plan(Record::Order(number.to_owned()), ends);
        self.tell(at, event::ORDER, &event::order(number, status));
        Some(())
    }

    /// Takes a new refund in.
    pub(crate) fn add_refund(&mut self, refund: Refund) {
        let (number, at) = (refund.number.clone(), refund.created);
        self.refunds.insert(number.clone(), refund);
        self.plan_refund(&number, at);
    }

    /// Gives a refund a status. With `REFUNDED`, once, its money moves; its order or abnormal
    /// payment follows. `None`: there is no such refund.
    pub(crate) fn set_refund(&mut self, number: &str, status: &str, at: i64) -> Option<()> {
        let refund = self.refunds.get_mut(number)?;
        status.clone_into(&mut refund.status);
        refund.updated = at;
        let moves = status == Refund::REFUNDED && !refund.moved;
        refund.moved |= moves;
        let (of, amount) = (refund.of.clone(), refund.amount);
        self.plan_refund(number, at);
        self.tell(at, event::REFUND, &event::refund(number, status));
        match of {
            Refunded::Order(number) => {
                if let Some(order) = self.orders.get_mut(&number).filter(|_| moves) {
                    order.refunded_amount = order.refunded_amount.saturating_add(amount);
                    let way = (LedgerAccount::Merchant, LedgerAccount::External);
                    self.balances.transfer(way, &order.token, amount);
                }
                self.order_follows(&number, at);
            }
            Refunded::AbnormalPayment(number) if moves => {
                let given = self.given_back(&Refunded::AbnormalPayment(number.clone()));
                if let Some(payment) = self.abnormal_payments.get_mut(&number) {
                    let way = (LedgerAccount::AbnormalPayments, LedgerAccount::External);
                    self.balances.transfer(way, &payment.token, amount);
                    payment.updated = at;
                    if given >= Exact::from(payment.pending_amount) {
                        payment.status = AbnormalPayment::HANDLED;
                    }
                }
                self.tell_abnormal(&number, at);
            }
            Refunded::AbnormalPayment(_) => {}
        }
        Some(())
    }

    /// What refunds that were carried out gave back.
    fn given_back(&self, of: &Refunded) -> Exact {
        let refunds = self.refunds.values();
        let moved = refunds.filter(|refund| refund.moved && refund.of == *of);
        moved.map(|refund| Exact::from(refund.amount)).sum()
    }

    /// Gives a paid order the status that its refunds make.
    fn order_follows(&mut self, number: &str, at: i64) {
        let Some(order) = self.orders.get(number).filter(|order| order.was_paid()) else {
            return;
        };
        let of = Refunded::Order(number.to_owned());
        let mut refunds = self.refunds.values();
        let status = if refunds.any(|r| r.of == of && r.status == Refund::REFUNDING) {
            Order::REFUNDING
        } else if order.refunded_amount >= order.paying_amount {
            Order::REFUNDED
        } else if order.refunded_amount.is_zero() {
            Order::PAID
        } else {
            Order::PARTIAL_REFUNDED
        };
        if order.status != status {
            self.set_order(number, status, at);
        }
    }

    fn plan_refund(&mut self, number: &str, at: i64) {
        let status = self
            .refunds
            .get(number)
            .map(|refund| refund.status.as_str());
        let under_way = matches!(status, Some(Refund::PENDING | Refund::REFUNDING));
        let takes = self.pace.refund.filter(|_| under_way);
        self.agenda
            .plan(Record::Refund(number.to_owned()), after(at, takes));
    }

    pub(super) fn step_refund(&mut self, number: &str, at: i64) {
        let Some(refund) = self.refunds.get(number) else {
            return;
        };
        let next = match refund.status.as_str() {
            Refund::PENDING => Refund::REFUNDING,
            Refund::REFUNDING if self.can_give_back(refund) => self
                .pace
                .refund_outcome
                .choose(Refund::REFUNDED, Refund::FAILED),
            Refund::REFUNDING => Refund::FAILED,
            _ => return,
        };
        self.set_refund(number, next, at);
    }

    fn can_give_back(&self, refund: &Refund) -> bool {
        let held = match &refund.of {
            Refunded::Order(number) => {
                let order = self.orders.get(number);
                order.map(|order| self.balances.exact(LedgerAccount::Merchant, &order.token))
            }
            Refunded::AbnormalPayment(number) => {
                let payment = self.abnormal_payments.get(number);
                payment.map(|payment| {
                    self.balances
                        .exact(LedgerAccount::AbnormalPayments, &payment.token)
                })
            }
        };
        held.is_some_and(|held| held >= Exact::from(refund.amount))
    }

    /// Takes a new settlement in.
    pub(crate) fn add_settlement(&mut self, settlement: Settlement) {
        let (number, at) = (settlement.number.clone(), settlement.created);
        self.settlements.insert(number.clone(), settlement);
        self.plan_settlement(&number, at);
    }

    /// Gives a settlement a status. With `SETTLED`, once, its money moves, if it names token and
    /// amount. `None`: there is no such settlement.
    pub(crate) fn set_settlement(&mut self, number: &str, status: &str, at: i64) -> Option<()> {
        let settlement = self.settlements.get_mut(number)?;
        status.clone_into(&mut settlement.status);
        settlement.updated = at;
        if status == Settlement::SETTLED && !settlement.moved {
            settlement.moved = true;
            if let (Some(token), Some(amount)) = (&settlement.token, settlement.amount) {
                let way = (LedgerAccount::Merchant, LedgerAccount::External);
                self.balances.transfer(way, token, amount);
            }
        }
        self.plan_settlement(number, at);
        self.tell(at, event::SETTLEMENT, &event::settlement(number, status));
        Some(())
    }

    fn plan_settlement(&mut self, number: &str, at: i64) {
        let settlement = self.settlements.get(number);
        let status = settlement.map(|settlement| settlement.status.as_str());
        let under_way = matches!(status, Some(Settlement::PENDING | Settlement::SETTLING));
        let takes = self.pace.settlement.filter(|_| under_way);
        let record = Record::Settlement(number.to_owned());
        self.agenda.plan(record, after(at, takes));
    }

    pub(super) fn step_settlement(&mut self, number: &str, at: i64) {
        let Some(settlement) = self.settlements.get(number) else {
            return;
        };
        let covered = match (&settlement.token, settlement.amount) {
            (Some(token), Some(amount)) => {
                self.balances.exact(LedgerAccount::Merchant, token) >= Exact::from(amount)
            }
            // One in fiat, whose amount is not known.
            _ => true,
        };
        let next = match settlement.status.as_str() {
            Settlement::PENDING => Settlement::SETTLING,
            Settlement::SETTLING if covered => {
                let ends = self.pace.settlement_outcome;
                ends.choose(Settlement::SETTLED, Settlement::FAILED)
            }
            Settlement::SETTLING => Settlement::FAILED,
            _ => return,
        };
        self.set_settlement(number, next, at);
    }
}
