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
        gateway.refused_grants().rejected += 1;
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
    let settings = gateway.settings();
    // Each client is asked and given its token at once, so that a rotation comes before both or after both.
    let (granted, refusal, shape) = match parameter("grant_type")? {
        "client_credentials" => {
            let (key, secret) = (parameter("api_key")?, parameter("api_secret")?);
            let granted = first(gateway, |client| {
                let credentials = client.credentials();
                credentials.are(key, secret).then(|| {
                    let mut tokens = client.tokens();
                    tokens.grants.credentials += 1;
                    tokens.issue(now, &settings)
                })
            });
            (
                granted,
                "api_key or api_secret is wrong",
                settings.token_shape,
            )
        }
        "refresh_token" => {
            let token = parameter("refresh_token")?;
            let granted = first(gateway, |client| {
                let mut tokens = client.tokens();
                let issued = tokens.renew(token, now, &settings)?;
                tokens.grants.refresh += 1;
                Some(issued)
            });
            let refusal = "refresh_token is invalid or has expired";
            (granted, refusal, settings.refresh_shape)
        }
        _ => {
            let rule = "grant_type must be client_credentials or refresh_token";
            return Err(Refusal::field(rule));
        }
    };
    let (index, issued) = granted.ok_or_else(|| Refusal::credentials(refusal))?;
    let issued = issued.map_err(|error| Refusal::internal(&error))?;
    gateway.requests.update(arrival.number, |record| {
        record.client = Some(index);
        record.token_generation = Some(issued.generation);
    });
    let answer = AccessToken {
        access_token: issued.access,
        token_type: "bearer",
        expires_in: settings.token_lifetime,
        refresh_token: issued.refresh,
        rt_expires_in: settings.refresh_token_lifetime,
    };
    match shape {
        TokenShape::Enveloped => Reply::data(&answer),
        TokenShape::Bare => Reply::bare(&answer),
    }
}

/// The first client that grants something, by its index.
fn first<T>(gateway: &Gateway, grants: impl Fn(&Client) -> Option<T>) -> Option<(usize, T)> {
    let mut clients = gateway.clients.iter().enumerate();
    clients.find_map(|(index, client)| Some((index, grants(client)?)))
}
