//! Where the requests of a call come from.

use super::Failure;
#[cfg(feature = "provisional")]
use crate::clock::BoxFuture;
use crate::error::Error;

/// Where the request of each attempt comes from.
pub(crate) enum Source {
    /// One whose body is at hand: it is sent, and a copy is kept for the next attempt.
    Fixed(Box<reqwest::Request>),
    /// One with a body that is read anew for each attempt, and is not signed.
    #[cfg(feature = "provisional")]
    Parts(Box<dyn Fn() -> BoxFuture<'static, Result<reqwest::Request, Error>> + Send + Sync>),
}

impl Source {
    /// The request of the next attempt.
    pub(super) async fn request(&mut self) -> Result<reqwest::Request, Failure> {
        match self {
            Self::Fixed(request) => match request.try_clone() {
                // That of the generated client has room for the headers that are put in.
                Some(copy) => Ok(std::mem::replace(request, copy)),
                None => Err(Failure::final_(Error::invalid(
                    "body",
                    "is a stream, which can be neither signed nor sent again",
                ))),
            },
            #[cfg(feature = "provisional")]
            Self::Parts(make) => make().await.map_err(Failure::final_),
        }
    }
}
