//! The command line: data on standard output, talk on standard error, one line per fault, and an
//! exit code that tells what kind of failure it was. Asked back is only, at a terminal, whether a
//! registrar means what cannot be undone.

mod address;
mod admin;
mod admin_reads;
pub mod args;
pub mod args_admin;
pub mod args_reads;
mod audit;
mod backup;
mod config;
mod erase;
mod export;
mod failure;
mod import;
mod journal;
mod ledger;
mod log;
mod lottery;
mod remote;
mod seams;
mod serve;
mod settings;
mod table;
mod theme;
mod token;
mod typed;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{CatalogueCommand, Cli, Command, ResultsCommand, StudentsCommand};
use failure::Failure;
pub use failure::{Code, EXIT_CODES};
pub use import::{Kind, Report};

/// Runs the program with these arguments, the program's own name first, as `std::env::args_os`
/// has them.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        // Help and the version are no failure; clap knows.
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(Code::Usage as u8));
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let done = dispatch(&cli, &mut out).and_then(|()| out.flush().map_err(Failure::from));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has enough of it.
        Err(failure) if failure.lines.is_empty() => ExitCode::SUCCESS,
        Err(failure) => {
            // What was found out before the failure is told too.
            let _ = out.flush();
            say(&failure.to_string());
            ExitCode::from(failure.code as u8)
        }
    }
}

fn dispatch(cli: &Cli, out: &mut dyn Write) -> Result<(), Failure> {
    match &cli.command {
        None => serve::run(&cli.serve),
        Some(Command::Serve(args)) => serve::run(args),
        Some(Command::Config(command)) => config::run(command, out),
        Some(Command::Theme(command)) => theme::run(command),
        Some(Command::Catalogue(CatalogueCommand::Import(args))) => {
            import::run(Kind::Catalogue, args, out)
        }
        Some(Command::Students(StudentsCommand::Import(args))) => {
            import::run(Kind::Students, args, out)
        }
        Some(Command::Students(StudentsCommand::Erase(args))) => erase::run(args, out),
        Some(Command::Results(ResultsCommand::Import(args))) => {
            import::run(Kind::Results, args, out)
        }
        Some(Command::Journal(command)) => journal::run(command, out),
        Some(Command::Export(command)) => export::run(command, out),
        Some(Command::Lottery(command)) => lottery::run(command),
        Some(Command::Admin(command)) => admin::run(command, out),
        Some(Command::Audit(command)) => audit::run(command, out),
        Some(Command::Token(args)) => token::run(args, out),
        Some(Command::Log(command)) => log::run(command, out),
    }
}

/// A line for people. That nobody can read it is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_every_command_has_examples() {
        let mut cli = Cli::command();
        cli.build();
        cli.clone().debug_assert();
        let mut open = vec![cli];
        while let Some(command) = open.pop() {
            if command.get_name() == "help" {
                continue;
            }
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Examples:"), "{} shows no examples", command.get_name());
            open.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn flags_of_serve_need_no_command() {
        let cli = Cli::try_parse_from(["sluis", "--fresh", "--listen", "127.0.0.1:1"]).unwrap();
        assert!(cli.command.is_none() && cli.serve.fresh);
        assert!(Cli::try_parse_from(["sluis", "--fresh", "token", "--student", "s1"]).is_err());
        assert!(Cli::try_parse_from(["sluis", "token"]).is_err(), "whom for?");
    }
}
