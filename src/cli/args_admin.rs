//! The command line of the registrar: `sluis admin …`.

use clap::Subcommand;

use super::args_reads::{ReadCommand, STUDENT_EXAMPLES, StudentRead};

/// Shown by `sluis admin --help`.
pub const ADMIN_EXAMPLES: &str = "Examples:
  sluis admin board                 windows and sections now
  sluis admin readiness             is all ready for the next opening?
  sluis admin student show s1000001";

/// `sluis admin …`
#[derive(Subcommand, Debug)]
pub enum AdminCommand {
    /// Looks at something.
    #[command(flatten)]
    Read(ReadCommand),
    /// Look at one student
    #[command(subcommand, after_help = STUDENT_EXAMPLES)]
    Student(StudentCommand),
}

/// `sluis admin student …`
#[derive(Subcommand, Debug)]
pub enum StudentCommand {
    /// Looks at something.
    #[command(flatten)]
    Read(StudentRead),
}
