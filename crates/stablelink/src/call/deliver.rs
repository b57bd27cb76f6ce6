//! Sends a call, and sends it again where the document and the policy allow that.

use stablelink_api::hooks::{Transport, wrap_error};
use stablelink_api::operations::RetrySafety;

use super::session::Session;
use super::source::Source;
use super::{Exchanged, RetryPolicy};
use crate::clock::BoxFuture;
use crate::error::Error;
use crate::observe;

impl Session {
    /// Sends the call, as often as the document and the policy allow. The answer is at [`reply`](Self::reply); the response
    /// that is given was read to its end.
    pub(super) async fn deliver(
        &self,
        http: &reqwest::Client,
        mut source: Source,
    ) -> Result<reqwest::Response, Error> {
        let shared = self.shared();
        let plan = self.plan();
        let policy: &RetryPolicy = &shared.retry;
        let most = plan.attempts.unwrap_or(policy.attempts);
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.counts_again();
            // A Flight that is dropped with its future leaves no doubt behind: `interrupted` looks before that.
            let failure = match self.attempt(http, &mut source).await {
                Ok(Exchanged { reply, shell }) => {
                    shared.budget.earn();
                    self.keep(reply);
                    return Ok(shell);
                }
                Err(failure) => failure,
            };
            self.doubts(&failure);
            let pause = failure
                .error
                .retry_after()
                .unwrap_or_else(|| policy.pause(attempt, shared.chance()));
            // What went wrong says more than that the time was up.
            let in_time = self.limits().leave(pause);
            let another = failure.again
                && plan.retry != RetrySafety::Never
                && attempt < most
                && in_time
                && shared.budget.take();
            if !another {
                return Err(self.conclude(failure));
            }
            observe::retry(&plan.operation, &failure.error, pause);
            shared.clock.sleep(pause).await;
        }
    }
}

impl Transport for Session {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        _: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        let source = Source::Fixed(Box::new(request));
        Box::pin(async move { Ok(self.deliver(http, source).await.unwrap_or_else(wrap_error)) })
    }

    /// They are read where the envelope is opened, from the bytes that stay with the value.
    fn consumes_responses(&self) -> bool {
        true
    }
}
