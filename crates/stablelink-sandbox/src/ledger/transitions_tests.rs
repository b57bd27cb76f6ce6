//! Property tests of the ledger: random sequences of actions must preserve its invariants.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{
    CheckoutId, Ledger, LedgerAccount, OrderRecord, RecordKey, RefundRecord, RefundSource,
    SettlementRecord, TradeRecord,
};
use crate::money::exact;
use crate::settings::{Delays, IdForm, RecordOutcome};

const TOKENS: [&str; 2] = ["ETH_USDT", "TRX_USDC"];

fn id() -> CheckoutId {
    CheckoutId::new("1", IdForm::String)
}

fn add_order(ledger: &mut Ledger, number: &str, token: &str, (amount, at): (Decimal, i64)) {
    let order = OrderRecord {
        id: 1,
        sysid: id(),
        order_no: number.to_owned(),
        order_amount: amount,
        paying_amount: amount,
        refunded_amount: Decimal::ZERO,
        customer_id: id(),
        merchant_id: None,
        expired_in: 300,
        token: token.to_owned(),
        deposit_address: "0x0".to_owned(),
        tx_hash: None,
        status: OrderRecord::PAYING.to_owned(),
        created: at,
        updated: at,
    };
    ledger.orders.insert(number.to_owned(), order);
    ledger.schedule(RecordKey::Order(number.to_owned()), at);
}

fn add_trade(ledger: &mut Ledger, id: i64, (amount, total_fee): (Decimal, Decimal), at: i64) {
    let trade = TradeRecord {
        id,
        tx_no: format!("TR{id}"),
        client_id: 1,
        request_id: id.to_string(),
        from_currency: "USD".to_owned(),
        to_currency: "USDC".to_owned(),
        amount,
        really_amount: amount - total_fee,
        total_fee,
        request_type: TradeRecord::ON_RAMP,
        status: TradeRecord::PENDING.to_owned(),
        is_transferred: false,
        created: at,
    };
    ledger.trades.insert(id, trade);
    ledger.schedule(RecordKey::Trade(id), at);
}

/// An action. The index of a record is taken modulo the number of records.
#[derive(Clone, Debug)]
enum LedgerAction {
    Order(bool, u32),
    Pay(usize, i64),
    Refund(usize, u32),
    RefundAbnormal(usize),
    Settle(bool, u32),
    Trade(u32, u32),
    Confirm(usize),
    Cancel(usize),
    Wait(i64),
    SetOutcome(bool),
}

fn action() -> impl Strategy<Value = LedgerAction> {
    prop_oneof![
        3 => (any::<bool>(), 1..u32::MAX).prop_map(|(t, a)| LedgerAction::Order(t, a)),
        4 => (any::<usize>(), -2..3_i64).prop_map(|(i, d)| LedgerAction::Pay(i, d)),
        3 => (any::<usize>(), 1..u32::MAX).prop_map(|(i, a)| LedgerAction::Refund(i, a)),
        2 => any::<usize>().prop_map(LedgerAction::RefundAbnormal),
        2 => (any::<bool>(), 1..u32::MAX).prop_map(|(t, a)| LedgerAction::Settle(t, a)),
        2 => (2..u32::MAX, 0..1000_u32).prop_map(|(a, f)| LedgerAction::Trade(a, f)),
        2 => any::<usize>().prop_map(LedgerAction::Confirm),
        1 => any::<usize>().prop_map(LedgerAction::Cancel),
        4 => (0..200_000_i64).prop_map(LedgerAction::Wait),
        1 => any::<bool>().prop_map(LedgerAction::SetOutcome),
    ]
}

#[derive(Default)]
struct LedgerModel {
    ledger: Ledger,
    delays: Delays,
    now: i64,
    actions: usize,
}

fn nth<T: Clone>(mut all: impl ExactSizeIterator<Item = T>, index: usize) -> Option<T> {
    let count = all.len();
    (count > 0).then(|| all.nth(index % count)).flatten()
}

impl LedgerModel {
    fn add_paid_order(&mut self, amount: Decimal) {
        add_order(&mut self.ledger, "A", "ETH_USDT", (amount, 0));
        self.ledger.pay_order("A", amount, "0x1", ("AP1", 0));
    }

    fn refund(&mut self, source: RefundSource, amount: Decimal) {
        if self.ledger.check_refund(&source, amount).is_ok() {
            let number = format!("R{}", self.actions);
            let refund = RefundRecord {
                id: 1,
                sysid: id(),
                number: number.clone(),
                source,
                amount,
                status: RefundRecord::PENDING.to_owned(),
                is_transferred: false,
                created: self.now,
                updated: self.now,
            };
            self.ledger.refunds.insert(number.clone(), refund);
            self.ledger.schedule(RecordKey::Refund(number), self.now);
        }
    }

    fn apply(&mut self, action: LedgerAction) {
        self.actions += 1;
        let (number, now) = (self.actions.to_string(), self.now);
        let coins = |digits: u32| Decimal::new(i64::from(digits), 6);
        let ledger = &mut self.ledger;
        match action {
            LedgerAction::Order(token, amount) => {
                let token = TOKENS[usize::from(token)];
                add_order(ledger, &number, token, (coins(amount), now));
            }
            LedgerAction::Pay(index, difference) => {
                if let Some(order) = nth(ledger.orders.values(), index).cloned() {
                    let amount = order.paying_amount + Decimal::new(difference, 6);
                    let amount = amount.max(Decimal::new(1, 6));
                    let abnormal_no = format!("AP{number}");
                    ledger.pay_order(&order.order_no, amount, "0x", (&abnormal_no, now));
                }
            }
            LedgerAction::Refund(index, amount) => {
                if let Some(order_no) = nth(ledger.orders.keys(), index).cloned() {
                    self.refund(RefundSource::Order(order_no), coins(amount));
                }
            }
            LedgerAction::RefundAbnormal(index) => {
                if let Some(payment) = nth(ledger.abnormal_payments.values(), index).cloned() {
                    let source = RefundSource::AbnormalPayment(payment.number);
                    self.refund(source, payment.pending_amount);
                }
            }
            LedgerAction::Settle(token, amount) => {
                let settlement = SettlementRecord {
                    id: 1,
                    sysid: id(),
                    number: number.clone(),
                    merchant_id: None,
                    token: Some(TOKENS[usize::from(token)].to_owned()),
                    address: None,
                    amount: Some(coins(amount)),
                    order_nos: Vec::new(),
                    status: SettlementRecord::PENDING.to_owned(),
                    is_transferred: false,
                    created: now,
                    updated: now,
                };
                ledger.settlements.insert(number.clone(), settlement);
                ledger.schedule(RecordKey::Settlement(number), now);
            }
            LedgerAction::Trade(amount, fee) => {
                let (amount, fee) = (coins(amount), coins(fee));
                if fee < amount {
                    let id = i64::try_from(self.actions).unwrap();
                    add_trade(ledger, id, (amount, fee), now);
                }
            }
            LedgerAction::Confirm(index) => {
                let trades = ledger.trades.values();
                let pending = trades.filter(|it| it.status == TradeRecord::PENDING);
                let ids: Vec<_> = pending.map(|trade| trade.id).collect();
                if let Some(id) = nth(ids.iter(), index) {
                    ledger.set_status(&RecordKey::Trade(*id), TradeRecord::PROCESSING, now);
                }
            }
            LedgerAction::Cancel(index) => {
                let refunds = ledger.refunds.values();
                let pending = refunds.filter(|it| it.status == RefundRecord::PENDING);
                let numbers: Vec<_> = pending.map(|refund| refund.number.clone()).collect();
                if let Some(number) = nth(numbers.into_iter(), index) {
                    ledger.set_status(&RecordKey::Refund(number), RefundRecord::CANCELLED, now);
                }
            }
            LedgerAction::Wait(millis) => {
                self.now += millis;
                ledger.apply_due(self.now, self.delays);
            }
            LedgerAction::SetOutcome(success) => {
                let outcome = match success {
                    true => RecordOutcome::Success,
                    false => RecordOutcome::Failure,
                };
                self.delays.refund_outcome = outcome;
                self.delays.settlement_outcome = outcome;
                self.delays.trade_outcome = outcome;
            }
        }
    }

    /// Returns the balances that follow from the records.
    fn expected(&self) -> BTreeMap<(LedgerAccount, &str), BigDecimal> {
        let mut balances = BTreeMap::<_, BigDecimal>::new();
        let mut add = |account, currency, amount: Decimal, sign: i32| {
            let amount = exact(amount);
            let balance = balances.entry((account, currency)).or_default();
            *balance += if sign < 0 { -amount } else { amount };
        };
        for order in self.ledger.orders.values().filter(|it| it.was_paid()) {
            let remaining = order.paying_amount - order.refunded_amount;
            add(LedgerAccount::Merchant, &*order.token, remaining, 1);
        }
        for settlement in self.ledger.settlements.values() {
            if settlement.status == SettlementRecord::SETTLED {
                let token = settlement.token.as_deref().unwrap();
                add(
                    LedgerAccount::Merchant,
                    token,
                    settlement.amount.unwrap(),
                    -1,
                );
            }
        }
        let abnormal = LedgerAccount::AbnormalPayments;
        for payment in self.ledger.abnormal_payments.values() {
            add(abnormal, &*payment.token, payment.pending_amount, 1);
        }
        for refund in self.ledger.refunds.values() {
            if let (RefundSource::AbnormalPayment(number), RefundRecord::REFUNDED) =
                (&refund.source, refund.status.as_str())
            {
                let token = &*self.ledger.abnormal_payments[number].token;
                add(abnormal, token, refund.amount, -1);
            }
        }
        for trade in self.ledger.trades.values() {
            if trade.status == TradeRecord::COMPLETED {
                let amount = trade.amount - trade.total_fee;
                add(LedgerAccount::Fees, "USD", trade.total_fee, 1);
                add(LedgerAccount::Exchange, "USD", amount, 1);
                add(LedgerAccount::Exchange, "USDC", amount, -1);
            }
        }
        balances
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// After any sequence of actions, the balances follow from the records, no money is created or
    /// lost, and no account except `External` and `Exchange` is negative.
    #[test]
    fn balances_match_records_after_any_actions(actions in prop::collection::vec(action(), 1..80)) {
        let mut model = LedgerModel::default();
        for action in actions {
            model.apply(action);
            prop_assert!(model.ledger.balances.is_balanced());
            for ((account, currency), expected) in model.expected() {
                let balance = model.ledger.balances.exact(account, currency);
                prop_assert_eq!(&balance, &expected, "{:?} {}", account, currency);
                let may_be_negative = account == LedgerAccount::Exchange;
                prop_assert!(may_be_negative || balance >= BigDecimal::default());
            }
        }
    }
}

#[test]
fn transitions_happen_at_their_own_time() {
    let (mut model, amount) = (LedgerModel::default(), Decimal::ONE);
    model.add_paid_order(amount);
    model.actions = 1;
    model.refund(RefundSource::Order("A".to_owned()), amount);
    let status = |model: &LedgerModel| {
        let (refund, order) = (&model.ledger.refunds["R1"], &model.ledger.orders["A"]);
        (refund.status.clone(), refund.updated, order.status.clone())
    };
    for (now, refund, at, order) in [
        (59_999, RefundRecord::PENDING, 0, OrderRecord::PAID),
        (
            60_000,
            RefundRecord::REFUNDING,
            60_000,
            OrderRecord::REFUNDING,
        ),
        (
            200_000,
            RefundRecord::REFUNDED,
            120_000,
            OrderRecord::REFUNDED,
        ),
        (
            900_000,
            RefundRecord::REFUNDED,
            120_000,
            OrderRecord::REFUNDED,
        ),
    ] {
        model.ledger.apply_due(now, model.delays);
        assert_eq!(status(&model), (refund.to_owned(), at, order.to_owned()));
    }
    assert_eq!(model.ledger.next_transition(), None);
}

#[test]
fn refund_fails_if_the_money_was_settled() {
    let (mut model, amount) = (LedgerModel::default(), Decimal::ONE);
    model.add_paid_order(amount);
    model.apply(LedgerAction::Settle(false, 1_000_000));
    model.now = 1;
    model.refund(RefundSource::Order("A".to_owned()), amount);
    model.ledger.apply_due(500_000, model.delays);
    assert_eq!(
        model.ledger.settlements["1"].status,
        SettlementRecord::SETTLED
    );
    assert_eq!(model.ledger.refunds["R1"].status, RefundRecord::FAILED);
    assert_eq!(model.ledger.orders["A"].status, OrderRecord::PAID);
}
