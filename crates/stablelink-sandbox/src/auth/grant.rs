//! The token operation.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use serde::Serialize;

use crate::envelope::Reply;
use crate::refusal::Refusal;
use crate::settings::TokenShape;
use crate::state::{Arrival, Client, Gateway};

#[derive(Serialize)]
struct AccessToken {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    rt_expires_in: u64,
}

/// Gives a token for credentials or for a refresh token.
pub(crate) async fn grant(
    State(gateway): State<Arc<Gateway>>,
    Extension(arrival): Extension<Arrival>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Result<Reply, Refusal> {
    let granted = issue(&gateway, &arrival, &parameters);
    if granted.is_err() {
        gateway.refused_grants().refused += 1;
    }
    granted
}

fn issue(
    gateway: &Gateway,
    arrival: &Arrival,
    parameters: &HashMap<String, String>,
) -> Result<Reply, Refusal> {
    let parameter = |name: &str| {
        let value = parameters.get(name).map(String::as_str);
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::missing_field(name))
    };
    let now = gateway.clock.now_millis();
    let (index, by_refresh) = match parameter("grant_type")? {
        "client_credentials" => {
            let (key, secret) = (parameter("api_key")?, parameter("api_secret")?);
            let known = |client: &Client| client.credentials().are(key, secret);
            let index = gateway.clients.iter().position(known);
            let refusal = || Refusal::credentials("api_key or api_secret is wrong");
            (index.ok_or_else(refusal)?, false)
        }
        "refresh_token" => {
            let token = parameter("refresh_token")?;
            let known = |client: &Client| client.tokens().refreshes(token, now);
            let index = gateway.clients.iter().position(known);
            let refusal = || Refusal::credentials("refresh_token is invalid or has expired");
            (index.ok_or_else(refusal)?, true)
        }
        _ => {
            let rule = "grant_type must be client_credentials or refresh_token";
            return Err(Refusal::field(rule));
        }
    };
    let settings = gateway.settings();
    let issued = {
        let mut tokens = gateway.clients[index].tokens();
        let count = if by_refresh {
            &mut tokens.grants.refresh
        } else {
            &mut tokens.grants.credentials
        };
        *count += 1;
        tokens.issue(now, &settings)
    };
    let issued = issued.map_err(|error| Refusal::internal(&error))?;
    gateway.requests.update(arrival.number, |record| {
        record.client = Some(index);
        record.token_generation = Some(issued.generation);
    });
    let answer = AccessToken {
        access_token: issued.access,
        token_type: "bearer",
        expires_in: settings.token_life,
        refresh_token: issued.refresh,
        rt_expires_in: settings.refresh_life,
    };
    let shape = if by_refresh {
        settings.refresh_shape
    } else {
        settings.token_shape
    };
    match shape {
        TokenShape::Enveloped => Reply::data(&answer),
        TokenShape::Bare => Reply::bare(&answer),
    }
}
