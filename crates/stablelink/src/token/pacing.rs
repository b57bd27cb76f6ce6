//! What keeps a client from asking for tokens without end.

use std::collections::VecDeque;
use std::time::Duration;

use super::settings::TokenSettings;
use super::shared::{Shared, whole_seconds};
use crate::{Error, ErrorKind};

/// When the gateway may be asked, by the monotonic time of the clock.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    cooling: Option<Cooling>,
    /// When tokens were asked for because the one before was refused; the oldest first.
    refused: VecDeque<Duration>,
    /// When a refusal that only may be about the token last led to a renewal.
    doubtful: Option<Duration>,
}

#[derive(Debug)]
struct Cooling {
    account: String,
    until: Duration,
    error: Shared,
}

impl Pacing {
    /// The gateway refused the credentials of this account.
    pub(super) fn cool(&mut self, account: &str, until: Duration, error: Shared) {
        self.cooling = Some(Cooling {
            account: account.to_owned(),
            until,
            error,
        });
    }

    /// Whether credentials of this account may be sent.
    pub(super) fn check_cooled(&mut self, account: &str, now: Duration) -> Result<(), Error> {
        match &self.cooling {
            Some(cooling) if now >= cooling.until => self.cooling = None,
            Some(cooling) if cooling.account == account => {
                return Err(cooling.error.during_cool_down(cooling.until - now));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether another token may be asked for after a refused one.
    pub(super) fn check_refused(
        &mut self,
        settings: &TokenSettings,
        now: Duration,
    ) -> Result<(), Error> {
        self.refused
            .retain(|asked| now < *asked + settings.cool_down);
        match self.refused.front() {
            Some(first) if self.refused.len() >= settings.renewals_per_cool_down as usize => {
                let rest = *first + settings.cool_down - now;
                Err(Error::new(ErrorKind::Authentication {
                    problem: format!(
                        "the gateway refused each of the last {} tokens; no token is asked for during the next {} s",
                        self.refused.len(),
                        whole_seconds(rest),
                    )
                    .into(),
                    api_error: None,
                }))
            }
            _ => Ok(()),
        }
    }

    /// A token came after a refused one.
    pub(super) fn count_refused(&mut self, now: Duration) {
        self.refused.push_back(now);
    }

    /// Whether a refusal that only may be about the token may lead to a renewal; begins a cool-down if so.
    pub(super) fn take_doubtful(&mut self, settings: &TokenSettings, now: Duration) -> bool {
        let cooled = self
            .doubtful
            .is_none_or(|last| now >= last + settings.cool_down);
        if cooled {
            self.doubtful = Some(now);
        }
        cooled
    }
}
