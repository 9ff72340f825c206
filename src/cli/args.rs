//! The command line. Every command shows examples in its `--help`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::args_admin::{AUDIT_HELP, AdminCommand, AuditCommand, admin_help};
use super::failure::EXIT_CODES;

const SERVE_EXAMPLES: &str = "Examples:
  sluis                                 start with the demo university
  sluis serve --listen 127.0.0.1:9000   on another port
  sluis serve --data /srv/sluis         with data elsewhere
  sluis serve --fresh                   start over";
const CONFIG_EXAMPLES: &str = "Examples:
  sluis config check --config sluis.toml   tell every fault
  sluis config default > sluis.toml        begin a file of your own
  sluis config show --origin               what holds, and from where";
const THEME_EXAMPLES: &str = "Examples:
  sluis theme check theme.css   its form, and whether all of the page can be read with it";
const CATALOGUE_EXAMPLES: &str = "Examples:
  sluis catalogue import courses.toml --dry-run   show what would change
  sluis catalogue import courses.csv              change it";
const STUDENTS_EXAMPLES: &str = "Examples:
  sluis students import students.csv --dry-run   show what would change
  sluis students import students.csv             change it
  sluis students erase --term 2026-1             how many would be erased";
const ERASE_EXAMPLES: &str = "Examples:
  sluis students erase --term 2026-1                how many took part in it
  sluis students erase --term 2026-1 --yes          erase them, for good
  sluis students erase --before 2026-09-01 --yes    those of whom nothing is newer
  sluis students erase - --yes < number.txt         one student, with the number in no list of
                                                    processes";
const RESULTS_EXAMPLES: &str = "Examples:
  sluis results import results.csv --dry-run   show what would change
  sluis results import results.csv             change it";
const JOURNAL_EXAMPLES: &str = "Examples:
  sluis journal verify          read every record, name every fault
  sluis journal verify --repair-tail                             remove what was never told
  sluis journal stats --json    counts, for machines
  sluis journal backup sluis-monday.backup                       also while a gateway runs
  sluis journal restore sluis-monday.backup --into /srv/sluis-2  a new data directory
  sluis journal digest --at 34000                                to compare the two";
const EXPORT_EXAMPLES: &str = "Examples:
  sluis export enrolments > enrolments.csv
  sluis export enrolments --format json --data /srv/sluis";
const LOTTERY_EXAMPLES: &str = "Examples:
  curl -o lottery.json http://127.0.0.1:8080/api/windows/WINDOW/lottery
  sluis lottery verify lottery.json";
const TOKEN_EXAMPLES: &str = "Examples:
  sluis token --student s1000001                  one token on standard output
  sluis token --role registrar --ttl 60           for an hour
  sluis token --role operator > sluis-token       for a Prometheus elsewhere
  sluis token --registrar a.jansen                for a registrar, by name
  sluis token --students keys.txt > tokens.tsv    one `key<TAB>token` a line";

const LOG_EXAMPLES: &str = "Examples:
  sluis log level                    what the running gateway logs
  sluis log level debug              log more, until `sluis log level info`
  sluis log pseudonym s1000001       what the log calls a student
  sluis log pseudonym < number.txt   the same, with the number in no list of processes";

/// Course registration without the queue: plan, arm, and know the outcome at once.
#[derive(Parser, Debug)]
#[command(
    name = "sluis",
    version,
    args_conflicts_with_subcommands = true,
    after_help = format!("{SERVE_EXAMPLES}\n\n{EXIT_CODES}")
)]
pub struct Cli {
    /// What to do; `serve` when nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Everything that the program does.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the gateway (the default)
    #[command(after_help = format!("{SERVE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Serve(ServeArgs),
    /// Check or show the configuration
    #[command(subcommand, after_help = CONFIG_EXAMPLES)]
    Config(ConfigCommand),
    /// Look at a theme
    #[command(subcommand, after_help = THEME_EXAMPLES)]
    Theme(ThemeCommand),
    /// Bring in courses, sections, programmes and windows
    #[command(subcommand, after_help = CATALOGUE_EXAMPLES)]
    Catalogue(CatalogueCommand),
    /// Bring in students
    #[command(subcommand, after_help = STUDENTS_EXAMPLES)]
    Students(StudentsCommand),
    /// Bring in study results
    #[command(subcommand, after_help = RESULTS_EXAMPLES)]
    Results(ResultsCommand),
    /// Look at the journal, back it up, restore it
    #[command(subcommand, after_help = JOURNAL_EXAMPLES)]
    Journal(JournalCommand),
    /// Take data out
    #[command(subcommand, after_help = EXPORT_EXAMPLES)]
    Export(ExportCommand),
    /// Recompute a lottery
    #[command(subcommand, after_help = LOTTERY_EXAMPLES)]
    Lottery(LotteryCommand),
    /// Act as the registrar, through a running gateway
    #[command(subcommand, after_help = admin_help())]
    Admin(AdminCommand),
    /// Take the audit log out: who did what, when and why
    #[command(subcommand, after_help = AUDIT_HELP)]
    Audit(AuditCommand),
    /// Make sign-in tokens for tools, in demo mode
    #[command(after_help = TOKEN_EXAMPLES)]
    Token(TokenArgs),
    /// Change what a running gateway logs; find a student in the log
    #[command(subcommand, after_help = LOG_EXAMPLES)]
    Log(LogCommand),
}

/// Where settings come from.
#[derive(Args, Clone, Debug, Default)]
pub struct Place {
    /// Configuration file [default: ./config/sluis.toml if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory [default: journal.dir of the configuration]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Flags of `serve`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
    /// Address to listen on, IP:PORT; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<SocketAddr>,
    /// Start over: set the journal in the data directory aside, as `journal.old-TIME`
    #[arg(long)]
    pub fresh: bool,
    /// With --fresh: also when there is more than the demo university
    #[arg(long, requires = "fresh")]
    pub yes: bool,
    /// Start an empty data directory without the demo university, to import your own
    #[arg(long)]
    pub empty: bool,
    /// Allow demo sign-in on an address that other machines can reach
    #[arg(long)]
    pub demo_anywhere: bool,
    /// Form of log lines
    #[arg(long, value_name = "FORMAT", value_parser = ["auto", "pretty", "json"])]
    pub log_format: Option<String>,
    /// The least serious level to log
    #[arg(long, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"])]
    pub log_level: Option<String>,
}

/// `sluis config …`
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Tell every fault; exit 78 if there is one
    #[command(after_help = CONFIG_EXAMPLES)]
    Check(Place),
    /// Print the shipped defaults, every key described
    #[command(after_help = CONFIG_EXAMPLES)]
    Default,
    /// Print the settings that hold
    #[command(after_help = CONFIG_EXAMPLES)]
    Show {
        /// Configuration and data.
        #[command(flatten)]
        place: Place,
        /// Say for each where it comes from
        #[arg(long)]
        origin: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `sluis theme …`
#[derive(Subcommand, Debug)]
pub enum ThemeCommand {
    /// Tell every fault of its form, and every pair of colours that is hard to read; exit 78 if
    /// there is one
    #[command(after_help = THEME_EXAMPLES)]
    Check {
        /// The style sheet
        file: PathBuf,
    },
}

/// The form of a file to import.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileFormat {
    /// Our own, as TOML
    Toml,
    /// Our own, as JSON; students and results as JSON
    Json,
    /// A spreadsheet
    Csv,
    /// Neutral sections, JSON
    Sections,
}

/// What an import is given.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file
    pub file: PathBuf,
    /// Its form [default: by the file's name or its text]
    #[arg(long, value_enum)]
    pub format: Option<FileFormat>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the difference as JSON
    #[arg(long)]
    pub json: bool,
    /// Send it to the gateway at this address; the registrar's token is read from `SLUIS_TOKEN`,
    /// or made with the key in the data directory
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// `sluis catalogue …`
#[derive(Subcommand, Debug)]
pub enum CatalogueCommand {
    /// Import a file: all of it or nothing; an enrolment is never removed
    #[command(after_help = CATALOGUE_EXAMPLES)]
    Import(ImportArgs),
}

/// `sluis students …`
#[derive(Subcommand, Debug)]
pub enum StudentsCommand {
    /// Import a file: all of it or nothing
    #[command(after_help = STUDENTS_EXAMPLES)]
    Import(ImportArgs),
    /// Erase what is personal of students, for good; their places and outcomes stay, under a number
    /// that says nothing. No gateway may run meanwhile
    #[command(after_help = ERASE_EXAMPLES)]
    Erase(EraseArgs),
}

/// Who is erased.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("whom").required(true))]
pub struct EraseArgs {
    /// One student, whose number is read from standard input: give `-`
    #[arg(group = "whom", value_parser = ["-"])]
    pub student: Option<String>,
    /// Everybody who took part in this term and in none that is not over; all its windows must be
    /// closed
    #[arg(long, value_name = "TERM", group = "whom")]
    pub term: Option<String>,
    /// Everybody of whom the journal has nothing from this day on (UTC), and who is in no term that
    /// is not over; with --yes a day that has begun
    #[arg(long, value_name = "YYYY-MM-DD", group = "whom")]
    pub before: Option<String>,
    /// Do it; else it is only told how many that would be
    #[arg(long)]
    pub yes: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// `sluis results …`
#[derive(Subcommand, Debug)]
pub enum ResultsCommand {
    /// Import a file: all of it or nothing; each student is told what is new or changed
    #[command(after_help = RESULTS_EXAMPLES)]
    Import(ImportArgs),
}

/// `sluis journal …`
#[derive(Subcommand, Debug)]
pub enum JournalCommand {
    /// Read every record; exit 74 if one is damaged or missing
    #[command(after_help = JOURNAL_EXAMPLES)]
    Verify(VerifyArgs),
    /// Count what is there
    #[command(after_help = JOURNAL_EXAMPLES)]
    Stats(JournalArgs),
    /// Write every record on disk into a file, whether or not a gateway runs
    #[command(after_help = JOURNAL_EXAMPLES)]
    Backup(BackupArgs),
    /// Make a new data directory from a backup: all of it or nothing
    #[command(after_help = JOURNAL_EXAMPLES)]
    Restore(RestoreArgs),
    /// Print a journal position and the SHA-256 of the state there, whether or not a gateway runs
    #[command(after_help = JOURNAL_EXAMPLES)]
    Digest(DigestArgs),
}

/// What a backup is given.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The file to write; one that is there is not written over
    pub file: PathBuf,
    /// Put the copy of the students' keys into this directory, apart from the backups, and remove
    /// older copies of this journal's keys there [default: beside FILE, as FILE.keys]
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    pub keys_to: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Ask the gateway at this address; the operator's token is read from `SLUIS_TOKEN`, or made
    /// with the key in the data directory
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// What a restore is given.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The backup
    pub file: PathBuf,
    /// A copy of the students' keys, as old as the backup or newer [default: FILE.keys if it is
    /// there]; who was erased before the copy was made stays erased, which is asked about first
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Data directory to make; there must be no journal in it
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// Also where the keys say of students that they were erased and the backup does not: that is
    /// recorded, for good. Without it they are named, and nothing is made
    #[arg(long)]
    pub yes: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What a digest is given.
#[derive(Args, Debug)]
pub struct DigestArgs {
    /// Up to this journal position [default: all that is on disk]
    #[arg(long, value_name = "SEQUENCE")]
    pub at: Option<u64>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Ask the gateway at this address
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// What a check of the journal is given.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// First remove an unfinished commit from the end: it was never told to anybody. Anything else
    /// that is wrong is left as it is
    #[arg(long)]
    pub repair_tail: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// What a look at the journal is given.
#[derive(Args, Debug)]
pub struct JournalArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// The form of an export.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ExportFormat {
    /// A spreadsheet
    #[default]
    Csv,
    /// JSON, one object a line
    Json,
}

/// `sluis export …`
#[derive(Subcommand, Debug)]
pub enum ExportCommand {
    /// Every enrolment, one a line
    #[command(after_help = EXPORT_EXAMPLES)]
    Enrolments {
        /// Form
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
        /// Ask the gateway at this address
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        /// Configuration and data.
        #[command(flatten)]
        place: Place,
    },
}

/// `sluis lottery …`
#[derive(Subcommand, Debug)]
pub enum LotteryCommand {
    /// Draw a window's lottery again from its transcript; exit 1 if it does not verify, 69 if the
    /// window has not opened yet
    #[command(after_help = LOTTERY_EXAMPLES)]
    Verify {
        /// The transcript, as the gateway gives it
        file: PathBuf,
        /// The hash that was shown before the opening, if you kept it
        #[arg(long, value_name = "HEX")]
        hash: Option<String>,
    },
}

/// A role that is no student.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum StaffRole {
    /// Runs windows and imports
    Registrar,
    /// Runs the gateway
    Operator,
}

/// What `sluis token` is given.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("whom").required(true))]
pub struct TokenArgs {
    /// For this student
    #[arg(long, value_name = "KEY", group = "whom")]
    pub student: Option<String>,
    /// For staff
    #[arg(long, value_enum, group = "whom")]
    pub role: Option<StaffRole>,
    /// For the registrar of this name, which her acts bear
    #[arg(long, value_name = "NAME", group = "whom")]
    pub registrar: Option<String>,
    /// For every student in a file, one key a line; `-` is standard input
    #[arg(long, value_name = "FILE", group = "whom")]
    pub students: Option<PathBuf>,
    /// Minutes until it expires, at most a week; an operator's at most a year [default:
    /// `sign_in.token_ttl_hours`; for an operator 90 days]
    #[arg(long, value_name = "MINUTES")]
    pub ttl: Option<u32>,
    /// Configuration and data.
    #[command(flatten)]
    pub place: Place,
}

/// `sluis log …`
#[derive(Subcommand, Debug)]
pub enum LogCommand {
    /// Tell or change what the running gateway logs
    #[command(after_help = LOG_EXAMPLES)]
    Level {
        /// error, warn, info, debug, trace, or directives such as warn,sluis::actors=debug
        level: Option<String>,
        /// Configuration and data.
        #[command(flatten)]
        place: Place,
    },
    /// Tell what log lines call a student
    #[command(after_help = LOG_EXAMPLES)]
    Pseudonym {
        /// The student number; without it, or with `-`, it is read from standard input
        student: Option<String>,
        /// Configuration and data.
        #[command(flatten)]
        place: Place,
    },
}
