//! The command line of what the registrar looks at: part of `sluis admin …`.

use clap::{Args, Subcommand, ValueEnum};

use super::args::Place;

const BOARD_EXAMPLES: &str = "Examples:
  sluis admin board                          what is under most pressure
  sluis admin board --find LAW --sort rate   law, what fills fastest";
const DEMAND_EXAMPLES: &str = "Examples:
  sluis admin demand                     what is short, before the opening
  sluis admin demand --window 2026-2 --sort first --json";
const BLOCKERS_EXAMPLES: &str = "Examples:
  sluis admin blockers                   plans with something in their way, by reason
  sluis admin blockers --reason clash --page 2";
const READINESS_EXAMPLES: &str = "Examples:
  sluis admin readiness                  is all ready for the next opening?
  sluis admin readiness --window 2026-2 --json";
const PREVIEW_EXAMPLES: &str = "Examples:
  sluis admin preview LAW-1010/T3 30     how many would be promoted
  sluis admin preview LAW-1010/L1 none";
const EXPORT_EXAMPLES: &str = "Examples:
  sluis admin export enrolments > enrolments.jsonl
  sluis admin export waitlists --csv > waitlists.csv";
/// Of what the registrar looks at of one student.
pub const STUDENT_EXAMPLES: &str = "Examples:
  sluis admin student show s1000001              plan, line, outcomes, messages
  sluis admin student show - < number.txt        the same, with the number in no list of processes
  sluis admin student why s1000001 4711 LAW-1010   why record 4711 decided so";

/// Which gateway, and how the answer is written.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// The gateway's address [default: the one that runs on the data directory]; the registrar's
    /// token is read from `SLUIS_TOKEN`, or made with the key in the data directory
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// A bound that may be absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound(pub Option<u32>);

/// Reads one.
pub fn bound(text: &str) -> Result<Bound, String> {
    match text {
        "none" => Ok(Bound(None)),
        text => match text.parse() {
            Ok(n) => Ok(Bound(Some(n))),
            Err(_) => Err("give a number that is not negative, or none".to_owned()),
        },
    }
}

/// What can be taken out.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Every enrolment
    Enrolments,
    /// Every place on every waitlist
    Waitlists,
}

/// What the registrar looks at.
#[derive(Subcommand, Debug)]
pub enum ReadCommand {
    /// Windows and sections now: seats, waitlists, who waits in line, how fast
    #[command(after_help = BOARD_EXAMPLES)]
    Board {
        /// pressure, code, taken, waitlist, in_line or rate
        #[arg(long, value_name = "ORDER", default_value = "pressure")]
        sort: String,
        /// Words in the section's key or its course's name
        #[arg(long, value_name = "WORDS")]
        find: Option<String>,
        /// Sections a page, at most 500
        #[arg(long, value_name = "N", default_value_t = 25, allow_hyphen_values = true)]
        limit: u32,
        /// Page, from 1
        #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
        page: u32,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
    /// What the plans ask of each section, and what is short, before an opening
    #[command(after_help = DEMAND_EXAMPLES)]
    Demand {
        /// Window key [default: the first that is not over]
        #[arg(long, value_name = "KEY")]
        window: Option<String>,
        /// shortage, first, all or code
        #[arg(long, value_name = "ORDER", default_value = "shortage")]
        sort: String,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
    /// Plans with something in their way, by reason
    #[command(after_help = BLOCKERS_EXAMPLES)]
    Blockers {
        /// Window key [default: the first that is not over]
        #[arg(long, value_name = "KEY")]
        window: Option<String>,
        /// Only this reason
        #[arg(long, value_name = "REASON")]
        reason: Option<String>,
        /// Page of 100, from 1
        #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
        page: u32,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
    /// Whether all is ready for an opening
    #[command(after_help = READINESS_EXAMPLES)]
    Readiness {
        /// Window key [default: the first that is not over]
        #[arg(long, value_name = "KEY")]
        window: Option<String>,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
    /// How many would be promoted by a capacity; changes nothing
    #[command(after_help = PREVIEW_EXAMPLES)]
    Preview {
        /// Section key, as course/section
        section: String,
        /// Seats, or none: unlimited
        #[arg(value_name = "N", value_parser = bound, allow_hyphen_values = true)]
        capacity: Bound,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
    /// Take out who is enrolled in what, or who waits for what: one JSON object a line
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// What
        #[arg(value_enum)]
        what: What,
        /// As a spreadsheet
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
}

/// What the registrar looks at of one student; her number goes in the body of the request.
#[derive(Subcommand, Debug)]
pub enum StudentRead {
    /// Plan, line, seats, outcomes, messages
    #[command(after_help = STUDENT_EXAMPLES)]
    Show {
        /// Student number; `-`: read from standard input
        student: String,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
    /// Why a course came out as it did: the decision's inputs and rule
    #[command(after_help = STUDENT_EXAMPLES)]
    Why {
        /// Student number; `-`: read from standard input
        student: String,
        /// Journal position of the decision, as `show` prints it
        #[arg(value_name = "RECORD", allow_hyphen_values = true)]
        journal: u64,
        /// Course code
        course: String,
        /// Which gateway.
        #[command(flatten)]
        ask: Ask,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_number_or_none() {
        assert_eq!(bound("0"), Ok(Bound(Some(0))));
        assert_eq!(bound("none"), Ok(Bound(None)));
        for bad in ["-1", "many", "", "1.5", "4294967296"] {
            assert!(bound(bad).unwrap_err().contains("not negative"), "{bad}");
        }
    }
}
