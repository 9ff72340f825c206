//! `sluis lottery verify`

use std::path::Path;

use super::args::LotteryCommand;
use super::failure::{Code, Failure};
use super::{say, seams};

/// Runs the command.
pub fn run(command: &LotteryCommand) -> Result<(), Failure> {
    let LotteryCommand::Verify { file } = command;
    verify(file)
}

fn verify(file: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(file).map_err(|e| Failure::file("read", file, &e))?;
    match seams::verify_transcript(&bytes) {
        Ok(said) => {
            say(&format!("{}: {said}", file.display()));
            Ok(())
        }
        Err((Code::Config, faults)) => Err(Failure::data(file, faults)),
        Err((code, faults)) => Err(Failure { code, ..Failure::data(file, faults) }),
    }
}
