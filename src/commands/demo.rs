//! placeholder
use crate::context::Context;
/// Demo.
#[derive(Debug, clap::Args)]
pub struct Demo {}
impl Demo {
    /// run
    /// # Errors
    /// x
    pub fn run(self, _c: &Context) -> anyhow::Result<()> {
        Ok(())
    }
}
