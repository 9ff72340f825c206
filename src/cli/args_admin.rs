//! The command line of the registrar: `sluis admin …` and `sluis audit …`.

use clap::{Args, Subcommand, ValueEnum};

use super::args::Place;
use super::args_reads::{Bound, ReadCommand, StudentRead, bound};
use super::failure::EXIT_CODES;

const ADMIN_EXAMPLES: &str = "Examples:
  sluis admin board                 windows and sections now
  sluis admin readiness             is all ready for the next opening?
  sluis admin window open 2026-2 --reason 'tested, all is ready'
  sluis admin section capacity LAW-1010/T3 30
  sluis admin student enrol s1000001 LAW-1010 LAW-1010/L1 LAW-1010/T3 --reason 'by the dean'
  sluis admin audit";
const WINDOW_EXAMPLES: &str = "Examples:
  sluis admin window pause 2026-2 --reason 'a fault in the timetable'
  sluis admin window resume 2026-2
  sluis admin window schedule 2026-2 --opens 2027-01-11T13:00:00+01:00 --closes none
  sluis admin window pace 2026-2 200
  sluis admin window close 2026-2 --yes   without it, a terminal is asked";
const SECTION_EXAMPLES: &str = "Examples:
  sluis admin section capacity LAW-1010/T3 30
  sluis admin section capacity LAW-1010/L1 none
  sluis admin section cancel LAW-1010/T3 --reason 'no teacher' --yes";
const STUDENT_EXAMPLES: &str = "Examples:
  sluis admin student show s1000001
  sluis admin student enrol s1000001 LAW-1010 LAW-1010/L1 LAW-1010/T3 --reason 'by the dean'
  sluis admin student move s1000001 LAW-1010 LAW-1010/L1 LAW-1010/T2 --reason 'asked for it'
  sluis admin student drop - LAW-1010 --reason 'has left' < number.txt
  sluis admin student drop s1000001 LAW-1010 --reason 'has left'
  sluis admin student block s1000001 FEE --reason 'the fee is not paid'";
const ANNOUNCE_EXAMPLES: &str = "Examples:
  sluis admin announce --nl 'Om 14.00 gaan we verder.' --en 'We go on at 14:00.'";
const AUDIT_EXAMPLES: &str = "Examples:
  sluis admin audit                   the latest acts, newest first
  sluis admin audit --csv > audit.csv   all of them, oldest first";
const EXPORT_EXAMPLES: &str = "Examples:
  sluis audit export > audit.csv
  sluis audit export --format json --data /srv/sluis";

/// Which gateway, as whom, and how the answer is written.
#[derive(Args, Clone, Debug)]
pub struct To {
    /// The gateway's address [default: the one that runs on the data directory]; the registrar's
    /// token is read from `SLUIS_TOKEN`, or made with the key in the data directory
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The name that the act bears in the audit log; not with a token in `SLUIS_TOKEN`, which has
    /// a name of its own
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// An act, and why.
#[derive(Args, Clone, Debug)]
pub struct Why {
    /// Why: kept in the audit log, and read by the students concerned
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Which gateway, as whom.
    #[command(flatten)]
    pub to: To,
}

/// A time that may be absent, in milliseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instant(pub Option<u64>);

fn instant(text: &str) -> Result<Instant, String> {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    if text == "none" {
        return Ok(Instant(None));
    }
    let read = OffsetDateTime::parse(text, &Rfc3339).ok();
    match read.and_then(|t| u64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok()) {
        Some(ms) => Ok(Instant(Some(ms))),
        None => Err("give a time such as 2027-01-11T13:00:00+01:00, or none".to_owned()),
    }
}

/// `sluis admin …`
#[derive(Subcommand, Debug)]
pub enum AdminCommand {
    /// Looks at something.
    #[command(flatten)]
    Read(ReadCommand),
    /// Open, pause, resume, close, plan or pace a window, or run a rehearsal again
    #[command(subcommand, after_help = WINDOW_EXAMPLES)]
    Window(WindowCommand),
    /// Set a section's capacity; open, close or cancel it
    #[command(subcommand, after_help = SECTION_EXAMPLES)]
    Section(SectionCommand),
    /// Look at a student; enrol, move, drop, block or unblock her
    #[command(subcommand, after_help = STUDENT_EXAMPLES)]
    Student(StudentCommand),
    /// Tell everybody who is connected something
    #[command(after_help = ANNOUNCE_EXAMPLES)]
    Announce {
        /// In Dutch, 1 to 500 characters
        #[arg(long, value_name = "TEXT")]
        nl: String,
        /// In English, 1 to 500 characters
        #[arg(long, value_name = "TEXT")]
        en: String,
        /// Why, and to which gateway.
        #[command(flatten)]
        why: Why,
    },
    /// What the registrars did
    #[command(after_help = AUDIT_EXAMPLES)]
    Audit {
        /// Older ones than this journal position
        #[arg(long, value_name = "RECORD", allow_hyphen_values = true)]
        before: Option<u64>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        /// All of them, as a spreadsheet, oldest first
        #[arg(long, conflicts_with_all = ["before", "json"])]
        csv: bool,
        /// From which gateway.
        #[command(flatten)]
        to: To,
    },
}

/// Whether what cannot be undone is meant.
#[derive(Args, Clone, Copy, Debug)]
pub struct Sure {
    /// Do not ask; needed where nobody is there to be asked
    #[arg(long)]
    pub yes: bool,
}

/// A window, and why.
#[derive(Args, Clone, Debug)]
pub struct WindowArgs {
    /// Window key
    pub window: String,
    /// Why, and to which gateway.
    #[command(flatten)]
    pub why: Why,
}

/// `sluis admin window …`
#[derive(Subcommand, Debug)]
pub enum WindowCommand {
    /// Open it now
    #[command(after_help = WINDOW_EXAMPLES)]
    Open(WindowArgs),
    /// Admit nobody for a while; every place in the line is kept
    #[command(after_help = WINDOW_EXAMPLES)]
    Pause(WindowArgs),
    /// Let it go on
    #[command(after_help = WINDOW_EXAMPLES)]
    Resume(WindowArgs),
    /// Close it now: who still waits in its line has lost the place
    #[command(after_help = WINDOW_EXAMPLES)]
    Close {
        /// Which, and why.
        #[command(flatten)]
        args: WindowArgs,
        /// Whether it is meant.
        #[command(flatten)]
        sure: Sure,
    },
    /// Plan when it opens and closes by itself
    #[command(after_help = WINDOW_EXAMPLES)]
    Schedule {
        /// Window key
        window: String,
        /// A time with its offset from UTC, or none
        #[arg(long, value_name = "TIME", value_parser = instant)]
        opens: Instant,
        /// A time with its offset from UTC, or none
        #[arg(long, value_name = "TIME", value_parser = instant)]
        closes: Instant,
        /// Why, and to which gateway.
        #[command(flatten)]
        why: Why,
    },
    /// Set the admissions a second
    #[command(after_help = WINDOW_EXAMPLES)]
    Pace {
        /// Window key
        window: String,
        /// Admissions a second, or none: as fast as they can be decided
        #[arg(value_name = "N", value_parser = bound, allow_hyphen_values = true)]
        pace: Bound,
        /// Why, and to which gateway.
        #[command(flatten)]
        why: Why,
    },
    /// Run a rehearsal again: everything that came of it is withdrawn
    #[command(after_help = WINDOW_EXAMPLES)]
    Reset {
        /// Window key
        window: String,
        /// Opens by itself after so many seconds
        #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
        opens_in: Option<u32>,
        /// Whether it is meant.
        #[command(flatten)]
        sure: Sure,
        /// Why, and to which gateway.
        #[command(flatten)]
        why: Why,
    },
}

/// A section, and why.
#[derive(Args, Clone, Debug)]
pub struct SectionArgs {
    /// Section key, as course/section
    pub section: String,
    /// Why, and to which gateway.
    #[command(flatten)]
    pub why: Why,
}

/// `sluis admin section …`
#[derive(Subcommand, Debug)]
pub enum SectionCommand {
    /// Set its seats; below what is taken, nobody is thrown out
    #[command(after_help = SECTION_EXAMPLES)]
    Capacity {
        /// Section key, as course/section
        section: String,
        /// Seats, or none: unlimited
        #[arg(value_name = "N", value_parser = bound, allow_hyphen_values = true)]
        capacity: Bound,
        /// Why, and to which gateway.
        #[command(flatten)]
        why: Why,
    },
    /// Let it be entered
    #[command(after_help = SECTION_EXAMPLES)]
    Open(SectionArgs),
    /// Let nobody in any more; needs a reason
    #[command(after_help = SECTION_EXAMPLES)]
    Close(SectionArgs),
    /// It does not take place; needs a reason
    #[command(after_help = SECTION_EXAMPLES)]
    Cancel {
        /// Which, and why.
        #[command(flatten)]
        args: SectionArgs,
        /// Whether it is meant.
        #[command(flatten)]
        sure: Sure,
    },
}

/// A student, a course, and one section a component.
#[derive(Args, Clone, Debug)]
pub struct PlaceArgs {
    /// Student number; `-`: read from standard input
    pub student: String,
    /// Course code
    pub course: String,
    /// Section keys, one a component, in the catalogue's order
    #[arg(required = true)]
    pub sections: Vec<String>,
    /// Where a section is full, go over its capacity
    #[arg(long)]
    pub over_capacity: bool,
    /// Pass over her own checks, clashes and closed sections
    #[arg(long)]
    pub override_checks: bool,
    /// Why, and to which gateway.
    #[command(flatten)]
    pub why: Why,
}

/// A student, and a block's code.
#[derive(Args, Clone, Debug)]
pub struct BlockArgs {
    /// Student number; `-`: read from standard input
    pub student: String,
    /// The block's code
    pub code: String,
    /// Why, and to which gateway.
    #[command(flatten)]
    pub why: Why,
}

/// `sluis admin student …`; each act needs a reason.
#[derive(Subcommand, Debug)]
pub enum StudentCommand {
    /// Looks at something.
    #[command(flatten)]
    Read(StudentRead),
    /// Enrol a student
    #[command(after_help = STUDENT_EXAMPLES)]
    Enrol(PlaceArgs),
    /// Move a student to other sections of a course that she has
    #[command(after_help = STUDENT_EXAMPLES)]
    Move(PlaceArgs),
    /// Take a student's seats in a course back
    #[command(after_help = STUDENT_EXAMPLES)]
    Drop {
        /// Student number; `-`: read from standard input
        student: String,
        /// Course code
        course: String,
        /// Why, and to which gateway.
        #[command(flatten)]
        why: Why,
    },
    /// Block a student: she may not register until it is lifted
    #[command(after_help = STUDENT_EXAMPLES)]
    Block(BlockArgs),
    /// Lift a student's block
    #[command(after_help = STUDENT_EXAMPLES)]
    Unblock(BlockArgs),
}

/// The form of an exported audit log.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AuditFormat {
    /// A spreadsheet
    #[default]
    Csv,
    /// JSON, one list of all
    Json,
}

/// `sluis audit …`
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Every act with who, what, before, after and why, oldest first
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// Form
        #[arg(long, value_enum, default_value_t)]
        format: AuditFormat,
        /// Ask the gateway at this address
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        /// Configuration and data.
        #[command(flatten)]
        place: Place,
    },
}

/// Help of `sluis admin`.
pub fn admin_help() -> String {
    format!("{ADMIN_EXAMPLES}\n\n{EXIT_CODES}")
}

/// Help of `sluis audit`.
pub const AUDIT_HELP: &str = EXPORT_EXAMPLES;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_offset() {
        assert_eq!(instant("1970-01-01T01:00:01+01:00"), Ok(Instant(Some(1000))));
        assert_eq!(instant("none"), Ok(Instant(None)));
        for bad in ["tomorrow", "2027-01-11T13:00:00", "1969-01-01T00:00:00Z", ""] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }
}
