use crate::error::Result;
pub fn run(_: &crate::cli::RecordArgs) -> Result<()> {
    Ok(())
}
