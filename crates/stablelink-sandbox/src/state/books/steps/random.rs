//! What may happen to the books, in any order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::delays::{Delays, RecordOutcome};
use crate::exact::Exact;
use crate::state::books::{Books, LedgerAccount, Order, Refund, Refunded, Settlement, Trade};

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
    pace: Delays,
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
                let ends = if good {
                    RecordOutcome::Success
                } else {
                    RecordOutcome::Failure
                };
                self.pace.refund_outcome = ends;
                self.pace.settlement_outcome = ends;
                self.pace.trade_outcome = ends;
            }
        }
    }

    /// What the records say that an account holds.
    fn expected(&self) -> BTreeMap<(LedgerAccount, &str), Exact> {
        let mut held = BTreeMap::<_, Exact>::new();
        let mut add = |account, currency, amount: Decimal, sign: i32| {
            let amount = Exact::from(amount);
            let entry = held.entry((account, currency)).or_default();
            *entry += if sign < 0 { -amount } else { amount };
        };
        for order in self.books.orders.values().filter(|order| order.was_paid()) {
            let left = order.paying_amount - order.refunded_amount;
            add(LedgerAccount::Merchant, &*order.token, left, 1);
        }
        for settlement in self.books.settlements.values() {
            if settlement.status == Settlement::SETTLED {
                let token = settlement.token.as_deref().unwrap();
                add(
                    LedgerAccount::Merchant,
                    token,
                    settlement.amount.unwrap(),
                    -1,
                );
            }
        }
        for payment in self.books.abnormal_payments.values() {
            add(
                LedgerAccount::AbnormalPayments,
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
                add(LedgerAccount::AbnormalPayments, token, refund.amount, -1);
            }
        }
        for trade in self.books.trades.values() {
            if trade.status == Trade::COMPLETED {
                let really = trade.amount - trade.total_fee;
                add(LedgerAccount::Fees, "USD", trade.total_fee, 1);
                add(LedgerAccount::Exchange, "USD", really, 1);
                add(LedgerAccount::Exchange, "USDC", really, -1);
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
            prop_assert!(world.books.balances.is_balanced());
            for ((account, currency), expected) in world.expected() {
                let held = world.books.balances.exact(account, currency);
                prop_assert_eq!(held, expected, "{:?} {}", account, currency);
                prop_assert!(account == LedgerAccount::Exchange || held >= Exact::ZERO);
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
