use crate::error::Result;
pub fn run(_: &crate::cli::ReplayArgs) -> Result<()> {
    Ok(())
}
