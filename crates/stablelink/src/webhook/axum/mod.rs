//! Receiving webhooks with axum: a router that is ready, and an extractor for those who build their own.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::SystemTime;
//! use stablelink::testing::TestDelivery;
//! use stablelink::webhook::{Acknowledgement, Event, MemoryGuard, Payload, Webhooks};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sign_key = "unit-test-sign-key-not-real-0001"; // from a vault or the environment
//!
//! async fn take(event: Event) -> Result<(), stablelink::Error> {
//!     if let Payload::AbnormalPayment(payment) = event.payload()? {
//!         println!("look at order {:?}", payment.order_no);
//!     }
//!     Ok(())
//! }
//!
//! let webhooks = Webhooks::new(&sign_key.into())?;
//! let app = axum::Router::new().nest(
//!     "/webhooks/stablelink",
//!     stablelink::webhook::axum::router(webhooks, Arc::new(MemoryGuard::default()), take),
//! );
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = format!("http://{}/webhooks/stablelink", listener.local_addr()?);
//! tokio::spawn(async move { axum::serve(listener, app).await });
//!
//! // What the gateway would do.
//! let sent = TestDelivery::of("ABNORMAL_PAYMENT")
//!     .id("evt_1")
//!     .data(r#"{"orderNo":"WCHK7"}"#)
//!     .signed(&sign_key.into(), SystemTime::now())?;
//! let answer = reqwest::Client::builder().no_proxy().build()?
//!     .post(&address)
//!     .headers(sent.headers)
//!     .body(sent.body)
//!     .send()
//!     .await?;
//! assert_eq!(answer.status(), 200);
//! assert_eq!(answer.text().await?, Acknowledgement::BODY);
//! # Ok(())
//! # }
//! ```
//!
//! | Answer | When |
//! |---|---|
//! | 200, [`Acknowledgement`] | handled now or before |
//! | 400 | the body is no event, or did not come to its end |
//! | 401 | a header is missing, the signature is wrong, too old or too new |
//! | 408 | the body did not come in time |
//! | 409 | the same event is being handled right now |
//! | 413 | the body is too large |
//! | 500 | the handler failed or panicked |
//! | 503 | the replay guard failed, or the handler's time was up |
//!
//! All but the first make the gateway deliver [again](super::REDELIVERIES). The bodies of these answers are fixed
//! words: they tell nothing of keys, of the delivery or of why a handler failed.

mod extract;
mod receiver;
mod rejection;
mod router;

pub use extract::VerifiedEvent;
pub use receiver::Receiver;
pub use rejection::Rejection;
pub use router::router;

use super::Acknowledgement;
use ::axum::http::header;
use ::axum::response::{IntoResponse, Response};

impl IntoResponse for Acknowledgement {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, Self::CONTENT_TYPE)];
        (kind, Self::BODY).into_response()
    }
}
