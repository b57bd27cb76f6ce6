//! Calls of an operation by its ID, for operations without a method.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use stablelink_api::operations::{self, OperationInfo};
use stablelink_api::scalars::RawJson;

use super::Client;
use super::operation_fields::OperationFields;
use crate::call::{RawRequest, optional_retdata, required_retdata};
use crate::clock::BoxFuture;
use crate::error::{DecodeError, Error};
use crate::lenient::LenientRecord;
use crate::response::{RawResponse, Response};

/// A call of an operation by its ID: see [`Client::operation`].
#[must_use = "a call is sent when it is awaited"]
pub struct OperationRequest {
    client: Client,
    operation: Result<&'static OperationInfo, Error>,
    fields: Result<String, String>,
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
}

impl Client {
    /// Creates a call of any operation of the document by its `operationId`, such as `listTrades`. The token, the signature,
    /// the retry rule and the errors are those of the other calls.
    ///
    /// This call skips the checks of the typed method: the characters of an order number, a deposit address of "-1"
    /// ([`deposit_address`](Response::deposit_address) checks it), and the lookup after a lost attempt. Use the method if there
    /// is one.
    ///
    /// Inferred operations require the feature `provisional`. For a request that the document lacks, use
    /// [`request`](Self::request); for an upload, `files`.
    ///
    /// # Errors
    ///
    /// When awaited, the call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It
    /// fails with [`InvalidArgument`](crate::ErrorKind::InvalidArgument) before anything is sent if the operation does not
    /// exist, if a field that the document requires is missing, among them the idempotency key, and if a field of the body
    /// does not have the type of the document: [`check`](OperationRequest::check) returns this error. It fails with
    /// [`Decode`](crate::ErrorKind::Decode) if the response lacks a record that the document describes.
    ///
    /// ```no_run
    /// # async fn example(client: stablelink::Client) -> Result<(), stablelink::Error> {
    /// use stablelink::types::CheckoutOrder;
    ///
    /// let order = client
    ///     .operation("getCheckoutOrder")
    ///     .json(&std::collections::BTreeMap::from([("orderNo", "1759988038609")]))
    ///     .fetch::<CheckoutOrder>()
    ///     .await?;
    /// println!("{:?}", order.order_status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn operation(&self, id: impl AsRef<str>) -> OperationRequest {
        OperationRequest {
            client: self.clone(),
            operation: find(id.as_ref()),
            fields: Ok("{}".to_owned()),
            deadline: None,
            attempt_timeout: None,
        }
    }
}

impl OperationRequest {
    /// Sets the fields of the request: a type of [`types`](crate::types), or any other value that is a JSON object. A
    /// parameter of the path or the query is a field like a property of the body.
    ///
    /// An amount is sent as the number or the string that the document requires. Fields that the document lacks are sent
    /// unchanged.
    pub fn json(mut self, fields: &impl Serialize) -> Self {
        self.fields = serde_json::to_string(fields).map_err(|error| error.to_string());
        self
    }

    /// Sets the deadline of the whole call: token, locks, attempts and delays. Defaults to the client's.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Sets the timeout of one attempt, from connecting to the end of the response body. Defaults to the client's.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = Some(limit);
        self
    }

    /// Sends the request and parses `retdata` as this type.
    ///
    /// # Errors
    ///
    /// Fails like the call itself, and with [`Decode`](crate::ErrorKind::Decode) if `retdata` has another form than the type,
    /// if it is missing and the type does not accept null, or if it is missing although the document describes the record
    /// ([`OperationInfo::record_fields`]). `Option<T>`, `serde_json::Value` and [`RawJson`] accept null, and `()` accepts
    /// nothing but null.
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        self.send(required_retdata).await
    }

    /// Checks the operation and its fields without sending anything.
    ///
    /// # Errors
    ///
    /// Fails with [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the call would fail before anything is sent.
    pub fn check(&self) -> Result<(), Error> {
        self.request().map(drop)
    }

    fn request(&self) -> Result<RawRequest, Error> {
        let operation = self.operation.as_ref().map_err(Error::copy)?;
        let fields = self.fields.as_ref();
        fields
            .map_err(|problem| Error::invalid("json", problem.clone()))
            .and_then(|fields| OperationFields::parse(operation, fields)?.request(&self.client))
            .map_err(|error| error.during(operation.id, 0))
    }

    async fn send<T>(
        self,
        parse: impl FnOnce(&RawResponse) -> Result<LenientRecord<T>, DecodeError>,
    ) -> Result<Response<T>, Error> {
        let request = self.request()?;
        let request = match self.deadline {
            Some(limit) => request.deadline(limit),
            None => request,
        };
        let request = match self.attempt_timeout {
            Some(limit) => request.attempt_timeout(limit),
            None => request,
        };
        request.send(parse).await
    }
}

impl IntoFuture for OperationRequest {
    type Output = Result<Response<Option<RawJson>>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send(optional_retdata))
    }
}

impl fmt::Debug for OperationRequest {
    /// Omits the fields, which may contain personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_ref().ok();
        f.debug_struct("OperationRequest")
            .field("operation", &operation.map(|operation| operation.id))
            .finish_non_exhaustive()
    }
}

/// Returns the operation with this `operationId` or method name.
pub(super) fn find(id: &str) -> Result<&'static OperationInfo, Error> {
    let is_same = |operation: &&OperationInfo| [operation.operation_id, operation.id].contains(&id);
    if let Some(operation) = operations::ALL.iter().find(is_same) {
        if !operation.signed {
            let problem = format!("`{id}` issues tokens: the client calls it, see `Client::token`");
            return Err(Error::invalid("operation", problem));
        }
        return Ok(operation);
    }
    let problem = if operations::ALL_WITH_INFERRED
        .iter()
        .any(|operation| is_same(&operation))
    {
        format!("`{id}` is inferred: it requires the feature `provisional`")
    } else {
        let ids = operations::ALL
            .iter()
            .map(|operation| operation.operation_id);
        match closest(id, ids) {
            Some(other) => format!("`{id}` does not exist; did you mean `{other}`?"),
            None => format!("`{id}` does not exist; `stablelink::operations::ALL` lists them"),
        }
    };
    Err(Error::invalid("operation", problem))
}

/// Returns the name that is most similar to a mistyped one. Public for the CLI.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let similarity = |other: &str| strsim::jaro_winkler(&name, &other.to_lowercase());
    let known = known.into_iter().map(|other| (similarity(other), other));
    let known = known.filter(|(similarity, _)| *similarity > 0.85);
    known
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(id: &str) -> &'static OperationInfo {
        find(id).unwrap()
    }

    #[test]
    fn unknown_operation_has_a_suggestion() {
        for (id, message) in [
            ("createChekoutOrder", "did you mean `createCheckoutOrder`?"),
            ("get_checkout_ordr", "did you mean `getCheckoutOrder`?"),
            ("issueAccessToken", "see `Client::token`"),
            (
                "drainTheAccount",
                "`stablelink::operations::ALL` lists them",
            ),
        ] {
            let error = find(id).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        assert_eq!(info("getCheckoutOrder"), info("get_checkout_order"));
        let inferred = find("listTrades");
        assert_eq!(inferred.is_ok(), cfg!(feature = "provisional"));
        if let Err(error) = inferred {
            assert!(
                error.to_string().contains("feature `provisional`"),
                "{error}"
            );
        }
    }
}
