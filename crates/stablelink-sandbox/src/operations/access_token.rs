//! The token operation.

use std::collections::HashMap;

use http::Uri;

use super::call::CallResult;
use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::gateway::GatewayState;
use crate::request::parse_query;
use crate::settings::TokenShape;

/// Handles the token operation: issues a token for credentials or for a refresh token.
pub(super) fn issue_access_token(gateway: &GatewayState, number: u64, uri: &Uri) -> CallResult {
    let result = parse_query(uri).and_then(|it| grant(gateway, number, &it));
    if result.is_err() {
        gateway.rejected_grants().rejected += 1;
    }
    result
}

fn grant(gateway: &GatewayState, number: u64, parameters: &HashMap<String, String>) -> CallResult {
    let parameter = |name: &str| {
        let value = parameters.get(name).map(String::as_str);
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ApiError::missing_field(name))
    };
    let now = gateway.clock.now_millis();
    let settings = gateway.settings();
    let mut clients = gateway.clients.iter().enumerate();
    // The check and the grant run under one lock, so that no rotation can happen between them.
    let (granted, problem, shape) = match parameter("grant_type")? {
        "client_credentials" => {
            let (key, secret) = (parameter("api_key")?, parameter("api_secret")?);
            let granted = clients.find_map(|(index, client)| {
                let credentials = client.credentials();
                credentials.matches(key, secret).then(|| {
                    let mut tokens = client.tokens();
                    tokens.grants.credentials += 1;
                    (index, tokens.issue(now, &settings), tokens.generation)
                })
            });
            let problem = "api_key or api_secret is wrong";
            (granted, problem, settings.token_shape)
        }
        "refresh_token" => {
            let token = parameter("refresh_token")?;
            let granted = clients.find_map(|(index, client)| {
                let mut tokens = client.tokens();
                tokens.is_refresh_token(token, now).then(|| {
                    tokens.grants.refresh += 1;
                    (index, tokens.issue(now, &settings), tokens.generation)
                })
            });
            let problem = "refresh_token is invalid or has expired";
            (granted, problem, settings.refresh_shape)
        }
        _ => {
            let rule = "grant_type must be client_credentials or refresh_token";
            return Err(ApiError::field(rule));
        }
    };
    let (index, response, generation) = granted.ok_or(ApiError::Credentials(problem))?;
    let response = response.map_err(|error| ApiError::internal(&error))?;
    gateway.requests.update(number, |record| {
        record.client = Some(index);
        record.token_generation = Some(generation);
    });
    match shape {
        TokenShape::Enveloped => OperationResult::data(&response),
        TokenShape::Bare => OperationResult::bare(&response),
    }
}
