//! `sluis theme check`

use super::args::ThemeCommand;
use super::failure::{Code, Failure};
use super::say;
use crate::theme::{self, Theme};

/// Runs the command.
pub fn run(command: &ThemeCommand) -> Result<(), Failure> {
    let ThemeCommand::Check { file } = command;
    let about = |what: &dyn std::fmt::Display| format!("{}: {what}", file.display());
    let theme = theme::read(file).and_then(|text| Theme::parse(&text));
    let theme = theme.map_err(|fault| Failure::new(Code::Config, about(&fault)))?;
    let low = theme.low_contrast();
    if !low.is_empty() {
        let lines = low.iter().map(|pair| about(pair)).collect();
        return Err(Failure { code: Code::Config, lines });
    }
    let (tokens, s) = (theme.len(), if theme.len() == 1 { "" } else { "s" });
    say(&about(&format!("{tokens} token{s}; every pair can be read, in light and in dark")));
    Ok(())
}
