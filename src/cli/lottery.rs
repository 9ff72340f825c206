//! `sluis lottery verify`

use super::args::LotteryCommand;
use super::failure::Failure;
use super::import::read;
use super::{say, seams};

/// Runs the command.
pub fn run(command: &LotteryCommand) -> Result<(), Failure> {
    let LotteryCommand::Verify { file, hash } = command;
    let bytes = read(file)?;
    let about = |what: String| format!("{}: {what}", file.display());
    let said = seams::verify_transcript(&bytes, hash.as_deref());
    say(&about(said.map_err(|(code, what)| Failure::new(code, about(what)))?));
    Ok(())
}
