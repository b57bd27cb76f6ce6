//! Maps each command to its operation. Method, path and evidence are those of `stablelink::operations`.

use clap::Command;
use stablelink::operations::{self as op, EvidenceLevel, OperationInfo, RetrySafety};

/// The commands that send an operation. `wait` polls the operation of `get`.
pub(crate) const OPERATION_MAP: &[(&str, &OperationInfo)] = &[
    ("token", &op::ISSUE_ACCESS_TOKEN),
    ("checkout create", &op::CREATE_CHECKOUT_ORDER),
    ("checkout get", &op::GET_CHECKOUT_ORDER),
    ("checkout wait", &op::GET_CHECKOUT_ORDER),
    ("checkout cancel", &op::CANCEL_CHECKOUT_ORDER),
    ("checkout list", &op::LIST_CHECKOUT_ORDERS),
    ("settlement create", &op::CREATE_SETTLEMENT_ORDER),
    ("settlement create-fiat", &op::CREATE_FIAT_SETTLEMENT_ORDER),
    ("settlement get", &op::GET_SETTLEMENT_ORDER),
    ("settlement cancel", &op::CANCEL_SETTLEMENT_ORDER),
    ("settlement list", &op::LIST_SETTLEMENT_ORDERS),
    ("refund create", &op::CREATE_REFUND_ORDER),
    (
        "refund create-for-abnormal-payment",
        &op::CREATE_ABNORMAL_PAYMENT_REFUND,
    ),
    ("refund get", &op::GET_REFUND_ORDER),
    ("refund cancel", &op::CANCEL_REFUND_ORDER),
    ("refund list", &op::LIST_REFUND_ORDERS),
    ("refund list-abnormal-payments", &op::LIST_ABNORMAL_PAYMENTS),
    ("rate quote", &op::GET_EXCHANGE_RATE),
    ("user create", &op::CREATE_USER),
    ("user get", &op::GET_USER),
    ("kyb submit", &op::SUBMIT_KYB),
    ("kyb submit-simple", &op::SUBMIT_SIMPLE_KYB),
    ("fee create", &op::CREATE_FEE_CONFIG),
    ("fee update", &op::UPDATE_FEE_CONFIG),
    ("fee get", &op::GET_FEE_CONFIG),
    ("trade create", &op::CREATE_TRADE),
    ("trade get", &op::GET_TRADE),
    ("trade wait", &op::GET_TRADE),
    ("trade list", &op::LIST_TRADES),
    ("trade confirm", &op::CONFIRM_TRANSACTION),
    ("trade transaction", &op::GET_TRANSACTION),
    ("trade deposit-address", &op::GET_DEPOSIT_ADDRESS),
    ("trade receive-transactions", &op::LIST_RECEIVE_TRANSACTIONS),
    ("trade receive-transaction", &op::GET_RECEIVE_TRANSACTION),
    ("remit create", &op::CREATE_REMIT),
    ("remit update", &op::UPDATE_REMIT),
    ("remit get", &op::GET_REMIT),
    ("remit list", &op::LIST_REMITS),
    ("file upload", &op::UPLOAD_FILE),
    ("webhook-event simulate", &op::SIMULATE_EVENT),
    ("webhook-event list", &op::LIST_EVENTS),
];

/// Adds the evidence of the operation to the help of each command.
pub(crate) fn with_evidence(command: Command) -> Command {
    let map = OPERATION_MAP.iter();
    map.fold(command, |command, (path, operation)| {
        describe(command, Some(path), operation)
    })
}

fn describe(command: Command, path: Option<&str>, operation: &OperationInfo) -> Command {
    let Some(path) = path else {
        let about = command.get_about().map(ToString::to_string);
        let mut about = about.unwrap_or_default();
        if operation.evidence == EvidenceLevel::Inferred {
            about.push_str(" [inferred]");
        }
        let after = command.get_after_help().map(|after| format!("{after}\n\n"));
        let after = format!("{}{}", after.unwrap_or_default(), evidence(operation));
        return command.about(about).after_help(after);
    };
    let (name, rest) = match path.split_once(' ') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    command.mut_subcommand(name, |command| describe(command, rest, operation))
}

fn evidence(operation: &OperationInfo) -> String {
    let meaning = match operation.evidence {
        EvidenceLevel::Documented => "its whole page is known",
        EvidenceLevel::Partial => "a part of its page is known",
        _ => "the vendor's pages only name it; method, path and fields are guesses",
    };
    let retry = match operation.retry {
        RetrySafety::Safe => {
            "retried after a lost attempt; repeating it has no further effect".to_owned()
        }
        RetrySafety::Keyed { field } => format!(
            "retried after a lost attempt with the same {field}, which the gateway accepts once"
        ),
        _ => "never".to_owned(),
    };
    let mut text = format!(
        "{} {}\nEvidence: {}: {meaning}.\nRetry: {retry}.",
        operation.method,
        operation.path,
        operation.evidence.as_str()
    );
    for page in operation.pages {
        text.push_str(&format!("\nPage: {page}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_a_command() {
        let mapped: BTreeSet<&str> = OPERATION_MAP
            .iter()
            .map(|(_, operation)| operation.id)
            .collect();
        let all: BTreeSet<&str> = op::ALL.iter().map(|operation| operation.id).collect();
        assert_eq!(mapped, all);
    }
}
