//! What the gateway itself saw of a program's run. A program is not believed alone.

use serde_json::Value;

use super::expected::AMOUNTS;

/// How many of the latest requests the status shows.
const SHOWN: u64 = 100;

/// Operations of which at least one call must have succeeded.
const CALLED: [&str; 10] = [
    "issueAccessToken",
    "getExchangeRate",
    "createUser",
    "createCheckoutOrder",
    "getCheckoutOrder",
    "simulateEvent",
    "uploadFile",
    "createTrade",
    "createSettlementOrder",
    "getSettlementOrder",
];

/// What orders of [`AMOUNTS`] come to at 1.01 coins a dollar, rounded up to six digits.
const PAYING: [&str; 2] = ["1010.235903", "12469135690246913569.0212"];

/// The grants of a run: one by credentials, and one by a refresh token in each of two processes.
const GRANTS: [(&str, u64); 2] = [("grantedByCredentials", 1), ("grantedByRefresh", 2)];

/// What the status of the gateway contradicts or does not show.
pub(super) fn problems(status: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut need = |holds: bool, text: String| {
        if !holds {
            problems.push(format!("the gateway saw otherwise: {text}"));
        }
    };
    match status["mismatches"].as_array() {
        Some(mismatches) => {
            for mismatch in mismatches {
                need(false, format!("an answer outside the document: {mismatch}"));
            }
        }
        None => need(false, "no `mismatches` in its status".to_owned()),
    }

    let client = &status["clients"][0];
    for (name, wanted) in GRANTS {
        let found = &client["token"][name];
        need(
            found.as_u64() == Some(wanted),
            format!("{name} is {found}, not {wanted}"),
        );
    }

    let count = status["requestCount"].as_u64();
    need(
        count.is_some_and(|count| count <= SHOWN),
        format!("more than {SHOWN} requests, so that it no longer shows the first"),
    );
    let succeeded = |operation: &str| {
        list(&status["requests"]).any(|request| {
            request["operation"] == operation
                && request["status"] == 200
                && request["retcode"] == "200"
        })
    };
    for operation in CALLED {
        need(succeeded(operation), format!("no {operation} succeeded"));
    }

    for (records, member, amounts) in [
        ("settlements", "amount", AMOUNTS),
        ("orders", "payingAmount", PAYING),
    ] {
        for amount in amounts {
            let there = list(&client[records]).any(|record| record[member] == amount);
            need(
                there,
                format!("none of the {records} has {member} {amount}"),
            );
        }
    }

    let delivered = list(&status["deliveries"]).any(|delivery| {
        delivery["event"] == "CHECKOUT_ORDER_CHANGED" && delivery["state"] == "delivered"
    });
    need(
        delivered,
        "no delivery of CHECKOUT_ORDER_CHANGED was acknowledged".to_owned(),
    );
    problems
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        let requests: Vec<Value> = CALLED
            .iter()
            .map(|name| json!({"operation": name, "status": 200, "retcode": "200"}))
            .collect();
        json!({
            "mismatches": [],
            "requestCount": requests.len(),
            "requests": requests,
            "clients": [{
                "token": {"grantedByCredentials": 1, "grantedByRefresh": 2},
                "settlements": AMOUNTS.map(|amount| json!({"amount": amount})),
                "orders": PAYING.map(|amount| json!({"payingAmount": amount})),
            }],
            "deliveries": [{"event": "CHECKOUT_ORDER_CHANGED", "state": "delivered"}],
        })
    }

    #[test]
    fn a_run_that_the_gateway_saw_whole_has_no_problem() {
        assert_eq!(problems(&good()), [""; 0]);
    }

    #[test]
    fn each_thing_that_the_gateway_saw_otherwise_is_a_problem() {
        let changes = [
            (
                "/mismatches",
                json!(["POST /user/create-user: /retdata is missing"]),
            ),
            ("/clients/0/token/grantedByRefresh", json!(3)),
            ("/clients/0/token/grantedByCredentials", json!(2)),
            ("/requestCount", json!(101)),
            ("/requests/3/retcode", json!("00906")),
            ("/requests/9/status", json!(401)),
            (
                "/clients/0/settlements/1/amount",
                json!("12345678901234567000"),
            ),
            ("/clients/0/orders/0/payingAmount", json!("1010.24")),
            ("/deliveries/0/state", json!("pending")),
        ];
        let mut text = String::new();
        for (pointer, value) in changes {
            let mut status = good();
            *status.pointer_mut(pointer).unwrap() = value;
            let problems = problems(&status);
            assert_eq!(problems.len(), 1, "{pointer}: {problems:?}");
            text.push_str(&format!("{}\n", problems[0]));
        }
        text.push_str(&format!(
            "an empty status: {} problems\n",
            problems(&json!({})).len()
        ));
        insta::assert_snapshot!(text);
    }
}
