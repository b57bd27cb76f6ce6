//! stub
use crate::context::Context;
use crate::failure::Failure;
use clap::Args;
/// stub
#[derive(Debug, Args)]
pub(crate) struct Demo {}
impl Demo {
    pub(crate) async fn run(self, _context: &Context) -> Result<(), Failure> {
        Ok(())
    }
}
