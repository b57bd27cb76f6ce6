//! Which subcommand makes which operation, and what its help says of the evidence.

use clap::Command;
use stablelink::operations::{self as op, EvidenceLevel, OperationInfo};

use crate::output::repeats;

/// Each subcommand that is an operation. `checkout wait` and `trade wait` ask again and again what `get` asks once.
pub(crate) const PLACES: &[(&[&str], &OperationInfo)] = &[
    (&["token"], &op::ISSUE_ACCESS_TOKEN),
    (&["checkout", "create"], &op::CREATE_CHECKOUT_ORDER),
    (&["checkout", "get"], &op::GET_CHECKOUT_ORDER),
    (&["checkout", "wait"], &op::GET_CHECKOUT_ORDER),
    (&["checkout", "cancel"], &op::CANCEL_CHECKOUT_ORDER),
    (&["checkout", "list"], &op::LIST_CHECKOUT_ORDERS),
    (&["settlement", "create"], &op::CREATE_SETTLEMENT_ORDER),
    (
        &["settlement", "create-fiat"],
        &op::CREATE_FIAT_SETTLEMENT_ORDER,
    ),
    (&["settlement", "get"], &op::GET_SETTLEMENT_ORDER),
    (&["settlement", "cancel"], &op::CANCEL_SETTLEMENT_ORDER),
    (&["settlement", "list"], &op::LIST_SETTLEMENT_ORDERS),
    (&["refund", "create"], &op::CREATE_REFUND_ORDER),
    (
        &["refund", "create-of-abnormal-payment"],
        &op::CREATE_ABNORMAL_PAYMENT_REFUND,
    ),
    (&["refund", "get"], &op::GET_REFUND_ORDER),
    (&["refund", "cancel"], &op::CANCEL_REFUND_ORDER),
    (&["refund", "list"], &op::LIST_REFUND_ORDERS),
    (
        &["refund", "list-abnormal-payments"],
        &op::LIST_ABNORMAL_PAYMENTS,
    ),
    (&["rate", "quote"], &op::GET_EXCHANGE_RATE),
    (&["user", "create"], &op::CREATE_USER),
    (&["user", "get"], &op::GET_USER),
    (&["kyb", "submit"], &op::SUBMIT_KYB),
    (&["kyb", "submit-simple"], &op::SUBMIT_SIMPLE_KYB),
    (&["fee", "create"], &op::CREATE_FEE_CONFIG),
    (&["fee", "update"], &op::UPDATE_FEE_CONFIG),
    (&["fee", "get"], &op::GET_FEE_CONFIG),
    (&["trade", "create"], &op::CREATE_TRADE),
    (&["trade", "get"], &op::GET_TRADE),
    (&["trade", "wait"], &op::GET_TRADE),
    (&["trade", "list"], &op::LIST_TRADES),
    (&["trade", "confirm"], &op::CONFIRM_TRANSACTION),
    (&["trade", "transaction"], &op::GET_TRANSACTION),
    (&["trade", "deposit-address"], &op::GET_DEPOSIT_ADDRESS),
    (
        &["trade", "receive-transactions"],
        &op::LIST_RECEIVE_TRANSACTIONS,
    ),
    (
        &["trade", "receive-transaction"],
        &op::GET_RECEIVE_TRANSACTION,
    ),
    (&["remit", "create"], &op::CREATE_REMIT),
    (&["remit", "update"], &op::UPDATE_REMIT),
    (&["remit", "get"], &op::GET_REMIT),
    (&["remit", "list"], &op::LIST_REMITS),
    (&["file", "upload"], &op::UPLOAD_FILE),
    (&["webhook-event", "simulate"], &op::SIMULATE_EVENT),
    (&["webhook-event", "list"], &op::LIST_EVENTS),
];

/// The command, with the evidence of each operation in its help.
pub(crate) fn with_evidence(command: Command) -> Command {
    PLACES.iter().fold(command, |command, (place, facts)| {
        told(command, place, facts)
    })
}

fn told(command: Command, place: &[&str], facts: &OperationInfo) -> Command {
    let Some((name, below)) = place.split_first() else {
        let about = match (facts.evidence, command.get_about()) {
            (EvidenceLevel::Inferred, Some(about)) => format!("{about} [inferred]"),
            (_, about) => about.map(ToString::to_string).unwrap_or_default(),
        };
        let after = command.get_after_help().map(|after| format!("{after}\n\n"));
        let after = format!("{}{}", after.unwrap_or_default(), evidence(facts));
        return command.about(about).after_help(after);
    };
    command.mut_subcommand(name, |command| told(command, below, facts))
}

fn evidence(facts: &OperationInfo) -> String {
    let seen = match facts.evidence {
        EvidenceLevel::Documented => "the whole page was seen",
        EvidenceLevel::Partial => "a part of its page was seen",
        _ => "the vendor's pages only name it; method, path and fields are guesses",
    };
    let mut text = format!(
        "{} {}\nEvidence: {}: {seen}.\nRetry: {}.",
        facts.method,
        facts.path,
        facts.evidence.as_str(),
        repeats(facts.retry)
    );
    for page in facts.pages {
        text.push_str(&format!("\nPage: {page}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_its_subcommand() {
        let placed: BTreeSet<&str> = PLACES.iter().map(|(_, facts)| facts.id).collect();
        let all: BTreeSet<&str> = op::ALL.iter().map(|facts| facts.id).collect();
        assert_eq!(placed, all);
    }
}
