//! One call, from its arguments to its response. Read the files in the order of the stages:
//!
//! 1. **deadline** ([`execute`]): runs the call within its deadline ([`timeouts`]) and decides what a failure means.
//! 2. **retry** ([`retry_policy`]): repeats failed attempts where the operation and the policy allow it.
//! 3. **token**, 4. **sign**, 5. **send** ([`attempt`], [`request_factory`]): each attempt uses the current token and signs
//!    the final bytes.
//! 6. **classify** ([`classify`]): decides whether a response is a success, and maps all others to errors.
//!
//! A call crosses six types: [`Call`] (or [`RawRequest`]) → [`CallContext`] → [`RequestFactory`] → `reqwest::Request`, and
//! back: [`RawResponse`](crate::RawResponse) → [`ResponseClass`] → [`Response`](crate::Response).

mod attempt;
mod builder;
mod classify;
mod execute;
mod raw_request;
mod request_factory;
mod retry_policy;
mod timeouts;

pub(crate) use attempt::send;
pub use builder::Call;
pub(crate) use classify::{ResponseClass, classify, into_attempt_error};
pub(crate) use execute::{
    CallContext, CallOptions, check_key, is_other, optional_retdata, required_retdata,
};
pub use raw_request::RawRequest;
pub(crate) use request_factory::{RequestFactory, append_query};
pub use retry_policy::RetryPolicy;
pub(crate) use retry_policy::{AttemptError, RetryBudget};
