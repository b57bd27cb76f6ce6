//! Compares the run of a program with the requests that the sandbox received, so that a passed check does not depend only on
//! the report of the program.

use serde_json::Value;

use super::expectations::AMOUNTS;

/// The number of requests that the status of the sandbox contains.
const MAX_REQUESTS: u64 = 100;

/// Operations with at least one successful request.
const REQUIRED_OPERATIONS: [&str; 10] = [
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

/// The expected `payingAmount` of the orders with the amounts [`AMOUNTS`]: 1.01 coins per dollar, rounded up to six decimal
/// places.
const PAYING_AMOUNTS: [&str; 2] = ["1010.235903", "12469135690246913569.0212"];

/// The tokens that are granted in a run: one by credentials, and one by a refresh token in each of two
/// processes.
const GRANTS: [(&str, u64); 2] = [("grantedByCredentials", 1), ("grantedByRefresh", 2)];

/// Returns the problems of a run: the expected requests that the status of the sandbox lacks, and the values
/// that differ.
pub(super) fn problems(status: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut require = |holds: bool, text: String| {
        if !holds {
            problems.push(format!("the sandbox disagrees: {text}"));
        }
    };
    match status["mismatches"].as_array() {
        Some(mismatches) => {
            for mismatch in mismatches {
                require(
                    false,
                    format!("a response that does not match the document: {mismatch}"),
                );
            }
        }
        None => require(false, "its status has no field `mismatches`".to_owned()),
    }

    let client = &status["clients"][0];
    for (name, expected) in GRANTS {
        let found = &client["token"][name];
        require(
            found.as_u64() == Some(expected),
            format!("{name} is {found}, not {expected}"),
        );
    }

    let count = status["requestCount"].as_u64();
    require(
        count.is_some_and(|count| count <= MAX_REQUESTS),
        format!("more than {MAX_REQUESTS} requests, so that its status lacks the first ones"),
    );
    let succeeded = |operation: &str| {
        list(&status["requests"]).any(|request| {
            request["operation"] == operation
                && request["status"] == 200
                && request["retcode"] == "200"
        })
    };
    for operation in REQUIRED_OPERATIONS {
        require(
            succeeded(operation),
            format!("no successful request of {operation}"),
        );
    }

    for (records, field, amounts) in [
        ("settlements", "amount", AMOUNTS),
        ("orders", "payingAmount", PAYING_AMOUNTS),
    ] {
        for amount in amounts {
            let exists = list(&client[records]).any(|record| record[field] == amount);
            require(
                exists,
                format!("none of the {records} has {field} {amount}"),
            );
        }
    }

    let delivered = list(&status["deliveries"]).any(|delivery| {
        delivery["event"] == "CHECKOUT_ORDER_CHANGED" && delivery["state"] == "delivered"
    });
    require(
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

    fn complete_status() -> Value {
        let requests: Vec<Value> = REQUIRED_OPERATIONS
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
                "orders": PAYING_AMOUNTS.map(|amount| json!({"payingAmount": amount})),
            }],
            "deliveries": [{"event": "CHECKOUT_ORDER_CHANGED", "state": "delivered"}],
        })
    }

    #[test]
    fn problems_complete_status_is_empty() {
        assert_eq!(problems(&complete_status()), [""; 0]);
    }

    #[test]
    fn problems_each_deviation_is_named() {
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
            let mut status = complete_status();
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
