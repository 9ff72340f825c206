//! What is typed rather than given as an argument: it is in no list of processes.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use super::failure::{Code, Failure};
use crate::domain::ids::KEY_CHARS_MAX;

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// All of standard input, without the spaces around it: one key.
pub fn line() -> Result<String, Failure> {
    let mut text = String::new();
    let most = 4 * KEY_CHARS_MAX as u64;
    let read = io::stdin().lock().take(most).read_to_string(&mut text);
    read.map_err(|e| Failure::new(Code::Other, format!("standard input cannot be read: {e}")))?;
    Ok(text.trim().to_owned())
}

/// A student number, or `-`: then it is read from standard input.
pub fn student(given: &str) -> Result<String, Failure> {
    if given == STANDARD_INPUT { line() } else { Ok(given.to_owned()) }
}

/// Goes on if that was said, or is said now by whoever sits at the terminal. `what` cannot be
/// undone; `of` tells of which, and is asked for only when somebody is there to read it.
pub fn sure(
    yes: bool,
    what: &str,
    of: impl FnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let advice = format!("{what}; add --yes if that is meant");
        return Err(Failure::new(Code::Usage, advice));
    }
    let question = format!("{}: {what}", of()?);
    match asked(&question, &mut io::stdin().lock(), &mut io::stderr())? {
        true => Ok(()),
        false => Err(Failure::new(Code::Other, "nothing was changed: it was not confirmed")),
    }
}

fn asked(question: &str, input: &mut dyn BufRead, out: &mut dyn Write) -> Result<bool, Failure> {
    let failed = |e| Failure::new(Code::Other, format!("the terminal cannot be read: {e}"));
    write!(out, "{question}. Go on? [y/N] ").and_then(|()| out.flush()).map_err(failed)?;
    let mut answer = String::new();
    input.take(ANSWER_BYTES_MAX).read_line(&mut answer).map_err(failed)?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

/// More than this is no yes.
const ANSWER_BYTES_MAX: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (typed, goes_on) in [
            ("y\n", true),
            ("YES\n", true),
            (" yes \n", true),
            ("\n", false),
            ("", false),
            ("n\n", false),
            ("yesterday\n", false),
            (&*format!("{}y\n", " ".repeat(ANSWER_BYTES_MAX as usize)), false),
        ] {
            let mut shown = Vec::new();
            let asked = asked("it closes w", &mut typed.as_bytes(), &mut shown);
            assert_eq!(asked, Ok(goes_on), "{typed:?}");
            assert_eq!(shown, b"it closes w. Go on? [y/N] ");
        }
        assert_eq!(sure(true, "it closes w", || panic!("asked all the same")), Ok(()));
    }
}
