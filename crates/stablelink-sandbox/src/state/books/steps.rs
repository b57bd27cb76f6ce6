//! The steps that records take, by a call, by hand or by the clock.
//!
//! Every change of a status goes through here, so that what follows from it is never forgotten:
//! the money that moves, the event that tells of it, and the next step.

use super::{
    AbnormalPayment, Account, Books, Customer, Order, Record, Refund, Refunded, Settlement, Trade,
    event,
};
use crate::exact::Exact;
use crate::pace::Pace;

impl Books {
    /// Takes all steps that are due by now, each at its own time. Steps that begin from now on
    /// follow this pace.
    pub(crate) fn settle(&mut self, now: i64, pace: Pace) {
        self.pace = pace;
        while let Some((at, record)) = self.agenda.take(now) {
            match record {
                Record::Kyb(id) => {
                    let status = pace.kyb_ends.choose(Customer::APPROVED, Customer::REJECTED);
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
                ((Account::World, Account::Fees), from, trade.total_fee),
                ((Account::World, Account::Exchange), from, really),
                ((Account::Exchange, Account::World), to, really),
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
            Some(Trade::PENDING) => self.pace.trade_wait,
            Some(Trade::PROCESSING) => self.pace.trade,
            _ => None,
        };
        self.agenda.plan(Record::Trade(id), after(at, takes));
    }

    fn step_trade(&mut self, id: i64, at: i64) {
        let ends = self.pace.trade_ends;
        let status = self.trades.get(&id).map(|trade| trade.status.as_str());
        let next = match status {
            Some(Trade::PENDING) => Trade::EXPIRED,
            Some(Trade::PROCESSING) => ends.choose(Trade::COMPLETED, Trade::FAILED),
            _ => return,
        };
        self.set_trade(id, next, at);
    }

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
                    let way = (Account::Merchant, Account::World);
                    self.balances.transfer(way, &order.token, amount);
                }
                self.order_follows(&number, at);
            }
            Refunded::AbnormalPayment(number) if moves => {
                let given = self.given_back(&Refunded::AbnormalPayment(number.clone()));
                if let Some(payment) = self.abnormal_payments.get_mut(&number) {
                    let way = (Account::Abnormal, Account::World);
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

    fn step_refund(&mut self, number: &str, at: i64) {
        let Some(refund) = self.refunds.get(number) else {
            return;
        };
        let next = match refund.status.as_str() {
            Refund::PENDING => Refund::REFUNDING,
            Refund::REFUNDING if self.can_give_back(refund) => self
                .pace
                .refund_ends
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
                order.map(|order| self.balances.exact(Account::Merchant, &order.token))
            }
            Refunded::AbnormalPayment(number) => {
                let payment = self.abnormal_payments.get(number);
                payment.map(|payment| self.balances.exact(Account::Abnormal, &payment.token))
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
                let way = (Account::Merchant, Account::World);
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

    fn step_settlement(&mut self, number: &str, at: i64) {
        let Some(settlement) = self.settlements.get(number) else {
            return;
        };
        let covered = match (&settlement.token, settlement.amount) {
            (Some(token), Some(amount)) => {
                self.balances.exact(Account::Merchant, token) >= Exact::from(amount)
            }
            // One in fiat, whose amount is not known.
            _ => true,
        };
        let next = match settlement.status.as_str() {
            Settlement::PENDING => Settlement::SETTLING,
            Settlement::SETTLING if covered => {
                let ends = self.pace.settlement_ends;
                ends.choose(Settlement::SETTLED, Settlement::FAILED)
            }
            Settlement::SETTLING => Settlement::FAILED,
            _ => return,
        };
        self.set_settlement(number, next, at);
    }
}

fn after(at: i64, seconds: Option<u64>) -> Option<i64> {
    let seconds = i64::try_from(seconds?).unwrap_or(i64::MAX);
    Some(at.saturating_add(seconds.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::pace::Ending;

    const TOKENS: [&str; 2] = ["ETH_USDT", "TRX_USDC"];

    fn order(number: &str, token: &str, paying: Decimal, at: i64) -> Order {
        Order {
            sysid: 1,
            order_no: number.to_owned(),
            order_amount: paying,
            paying_amount: paying,
            refunded_amount: Decimal::ZERO,
            customer_id: "6".to_owned(),
            merchant_id: "1".to_owned(),
            expired_in: 300,
            token: token.to_owned(),
            deposit_address: "0x0".to_owned(),
            tx_hash: None,
            status: Order::PAYING.to_owned(),
            created: at,
            updated: at,
        }
    }

    fn trade(id: i64, amount: Decimal, total_fee: Decimal, at: i64) -> Trade {
        Trade {
            id,
            tx_no: format!("TR{id}"),
            client_id: 1,
            request_id: id.to_string(),
            from_currency: "USD".to_owned(),
            to_currency: "USDC".to_owned(),
            amount,
            total_fee,
            request_type: Trade::ON_RAMP,
            status: Trade::PENDING.to_owned(),
            moved: false,
            created: at,
        }
    }

    /// Something that may happen; which record it happens to is chosen among those there are.
    #[derive(Clone, Debug)]
    enum Act {
        Order(bool, u32),
        Pay(usize, i64),
        Refund(usize, u32),
        RefundAbnormal(usize),
        Settle(bool, u32),
        Trade(u32, u32),
        Confirm(usize),
        Cancel(usize),
        Wait(i64),
        Ends(bool),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            3 => (any::<bool>(), 1..u32::MAX).prop_map(|(t, a)| Act::Order(t, a)),
            4 => (any::<usize>(), -2..3_i64).prop_map(|(i, d)| Act::Pay(i, d)),
            3 => (any::<usize>(), 1..u32::MAX).prop_map(|(i, a)| Act::Refund(i, a)),
            2 => any::<usize>().prop_map(Act::RefundAbnormal),
            2 => (any::<bool>(), 1..u32::MAX).prop_map(|(t, a)| Act::Settle(t, a)),
            2 => (2..u32::MAX, 0..1000_u32).prop_map(|(a, f)| Act::Trade(a, f)),
            2 => any::<usize>().prop_map(Act::Confirm),
            1 => any::<usize>().prop_map(Act::Cancel),
            4 => (0..200_000_i64).prop_map(Act::Wait),
            1 => any::<bool>().prop_map(Act::Ends),
        ]
    }

    #[derive(Default)]
    struct World {
        books: Books,
        pace: Pace,
        now: i64,
        made: usize,
    }

    fn nth<T: Clone>(mut all: impl ExactSizeIterator<Item = T>, index: usize) -> Option<T> {
        let count = all.len();
        (count > 0).then(|| all.nth(index % count)).flatten()
    }

    impl World {
        fn refund(&mut self, of: Refunded, amount: Decimal) {
            if self.books.refundable(&of, amount).is_ok() {
                self.books.add_refund(Refund {
                    sysid: 1,
                    number: format!("R{}", self.made),
                    of,
                    amount,
                    status: Refund::PENDING.to_owned(),
                    moved: false,
                    created: self.now,
                    updated: self.now,
                });
            }
        }

        fn act(&mut self, act: Act) {
            self.made += 1;
            let (number, now) = (self.made.to_string(), self.now);
            let coins = |digits: u32| Decimal::new(i64::from(digits), 6);
            let books = &mut self.books;
            match act {
                Act::Order(token, amount) => {
                    let token = TOKENS[usize::from(token)];
                    books.add_order(order(&number, token, coins(amount), now));
                }
                Act::Pay(index, more) => {
                    if let Some(order) = nth(books.orders.values(), index).cloned() {
                        let amount = order.paying_amount + Decimal::new(more, 6);
                        let amount = amount.max(Decimal::new(1, 6));
                        books.pay(&order.order_no, amount, "0x", (&format!("AP{number}"), now));
                    }
                }
                Act::Refund(index, amount) => {
                    if let Some(order_no) = nth(books.orders.keys(), index).cloned() {
                        self.refund(Refunded::Order(order_no), coins(amount));
                    }
                }
                Act::RefundAbnormal(index) => {
                    if let Some(payment) = nth(books.abnormal_payments.values(), index).cloned() {
                        let of = Refunded::AbnormalPayment(payment.number);
                        self.refund(of, payment.pending_amount);
                    }
                }
                Act::Settle(token, amount) => books.add_settlement(Settlement {
                    sysid: 1,
                    number,
                    merchant_id: None,
                    token: Some(TOKENS[usize::from(token)].to_owned()),
                    address: None,
                    amount: Some(coins(amount)),
                    order_nos: Vec::new(),
                    status: Settlement::PENDING.to_owned(),
                    moved: false,
                    created: now,
                    updated: now,
                }),
                Act::Trade(amount, fee) => {
                    let (amount, fee) = (coins(amount), coins(fee));
                    if fee < amount {
                        books.add_trade(trade(i64::try_from(self.made).unwrap(), amount, fee, now));
                    }
                }
                Act::Confirm(index) => {
                    let waits = books.trades.values().filter(|t| t.status == Trade::PENDING);
                    let ids: Vec<_> = waits.map(|trade| trade.id).collect();
                    if let Some(id) = nth(ids.iter(), index) {
                        books.set_trade(*id, Trade::PROCESSING, now);
                    }
                }
                Act::Cancel(index) => {
                    let waits = books
                        .refunds
                        .values()
                        .filter(|r| r.status == Refund::PENDING);
                    let numbers: Vec<_> = waits.map(|refund| refund.number.clone()).collect();
                    if let Some(number) = nth(numbers.iter(), index) {
                        books.set_refund(number, Refund::CANCELLED, now);
                    }
                }
                Act::Wait(by) => {
                    self.now += by;
                    books.settle(self.now, self.pace);
                }
                Act::Ends(good) => {
                    let ends = if good { Ending::Good } else { Ending::Bad };
                    self.pace.refund_ends = ends;
                    self.pace.settlement_ends = ends;
                    self.pace.trade_ends = ends;
                }
            }
        }

        /// What the records say that an account holds.
        fn expected(&self) -> BTreeMap<(Account, &str), Exact> {
            let mut held = BTreeMap::<_, Exact>::new();
            let mut add = |account, currency, amount: Decimal, sign: i32| {
                let amount = Exact::from(amount);
                let entry = held.entry((account, currency)).or_default();
                *entry += if sign < 0 { -amount } else { amount };
            };
            for order in self.books.orders.values().filter(|order| order.was_paid()) {
                let left = order.paying_amount - order.refunded_amount;
                add(Account::Merchant, &*order.token, left, 1);
            }
            for settlement in self.books.settlements.values() {
                if settlement.status == Settlement::SETTLED {
                    let token = settlement.token.as_deref().unwrap();
                    add(Account::Merchant, token, settlement.amount.unwrap(), -1);
                }
            }
            for payment in self.books.abnormal_payments.values() {
                add(
                    Account::Abnormal,
                    &*payment.token,
                    payment.pending_amount,
                    1,
                );
            }
            for refund in self.books.refunds.values() {
                if let (Refunded::AbnormalPayment(number), Refund::REFUNDED) =
                    (&refund.of, refund.status.as_str())
                {
                    let token = &*self.books.abnormal_payments[number].token;
                    add(Account::Abnormal, token, refund.amount, -1);
                }
            }
            for trade in self.books.trades.values() {
                if trade.status == Trade::COMPLETED {
                    let really = trade.amount - trade.total_fee;
                    add(Account::Fees, "USD", trade.total_fee, 1);
                    add(Account::Exchange, "USD", really, 1);
                    add(Account::Exchange, "USDC", really, -1);
                }
            }
            held
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Whatever happens, in whatever order: the ledger is what the records say, no money is
        /// made or lost, and nobody gives what he does not have.
        #[test]
        fn money_adds_up(acts in prop::collection::vec(act(), 1..80)) {
            let mut world = World::default();
            for act in acts {
                world.act(act);
                prop_assert!(world.books.balances.add_up());
                for ((account, currency), expected) in world.expected() {
                    let held = world.books.balances.exact(account, currency);
                    prop_assert_eq!(held, expected, "{:?} {}", account, currency);
                    prop_assert!(account == Account::Exchange || held >= Exact::ZERO);
                }
            }
        }
    }

    #[test]
    fn each_step_is_taken_at_its_own_time() {
        let (mut world, amount) = (World::default(), Decimal::ONE);
        world.books.add_order(order("A", "ETH_USDT", amount, 0));
        world.books.pay("A", amount, "0x1", ("AP1", 0));
        world.made = 1;
        world.refund(Refunded::Order("A".to_owned()), amount);
        let status = |world: &World| {
            let (refund, order) = (&world.books.refunds["R1"], &world.books.orders["A"]);
            (refund.status.clone(), refund.updated, order.status.clone())
        };
        for (now, refund, at, order) in [
            (59_999, Refund::PENDING, 0, Order::PAID),
            (60_000, Refund::REFUNDING, 60_000, Order::REFUNDING),
            (200_000, Refund::REFUNDED, 120_000, Order::REFUNDED),
            (900_000, Refund::REFUNDED, 120_000, Order::REFUNDED),
        ] {
            world.books.settle(now, world.pace);
            assert_eq!(status(&world), (refund.to_owned(), at, order.to_owned()));
        }
        assert_eq!(world.books.agenda.next(), None);
    }

    #[test]
    fn what_is_not_there_is_not_given() {
        let (mut world, amount) = (World::default(), Decimal::ONE);
        world.books.add_order(order("A", "ETH_USDT", amount, 0));
        world.books.pay("A", amount, "0x1", ("AP1", 0));
        world.act(Act::Settle(false, 1_000_000));
        world.now = 1;
        world.refund(Refunded::Order("A".to_owned()), amount);
        world.books.settle(500_000, world.pace);
        assert_eq!(world.books.settlements["1"].status, Settlement::SETTLED);
        assert_eq!(world.books.refunds["R1"].status, Refund::FAILED);
        assert_eq!(world.books.orders["A"].status, Order::PAID);
    }
}
