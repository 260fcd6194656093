//! placeholder
use crate::context::Context;
/// Import.
#[derive(Debug, clap::Args)]
pub struct Import {}
impl Import {
    /// run
    /// # Errors
    /// x
    pub fn run(self, _c: &Context) -> anyhow::Result<()> {
        Ok(())
    }
}
