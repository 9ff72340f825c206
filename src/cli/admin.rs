//! `sluis admin …`: the registrar's console without a browser, through a running gateway.

use std::io::Write;

use super::admin_reads;
use super::args_admin::{AdminCommand, StudentCommand};
use super::failure::Failure;

/// Runs the command.
pub fn run(command: &AdminCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        AdminCommand::Read(command) => admin_reads::run(command, out),
        AdminCommand::Student(StudentCommand::Read(command)) => admin_reads::student(command, out),
    }
}
