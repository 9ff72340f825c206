//! `sluis token`: signed demo tokens for tools.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use super::args::{StaffRole, TokenArgs};
use super::failure::{Code, Failure};
use super::{seams, settings};
use crate::config::{Config, SignInMode};
use crate::domain::acts::is_reserved;
use crate::domain::ids::Key;
use crate::limits::{
    OPERATOR_TOKEN_TTL_MINUTES, OPERATOR_TOKEN_TTL_MINUTES_MAX, TOKEN_TTL_MINUTES_MAX,
};

/// Whom a token is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A student, by number.
    Student(Key),
    /// A registrar, by name; without one she is `registrar`.
    Registrar(Option<Key>),
    /// The operator.
    Operator,
}

/// Runs the command.
pub fn run(args: &TokenArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = settings::load(&args.place)?.config;
    let mode = config.sign_in.mode;
    if mode != SignInMode::Demo && (args.student.is_some() || args.students.is_some()) {
        let what = "with sign_in.mode = \"oidc\" students sign in themselves; a token for a \
                    student is made in the demonstration only";
        return Err(Failure::new(Code::Config, what.to_owned()));
    }
    let operator = args.role == Some(StaffRole::Operator);
    let ttl = ttl(args.ttl, operator, config.sign_in.token_ttl())?;
    let data = &config.journal.dir;
    let minter = minter(data, mode)?;
    if let Some(name) = &args.registrar {
        let subject = registrar(name, "--registrar")?;
        writeln!(out, "{}", minter.mint(&subject, ttl))?;
        return Ok(());
    }
    match (&args.student, args.role, &args.students) {
        (Some(key), _, _) => {
            let key = Key::new(key)
                .map_err(|e| Failure::new(Code::Usage, format!("--student {key:?} {e}")))?;
            writeln!(out, "{}", minter.mint(&Subject::Student(key), ttl))?;
        }
        (_, Some(role), _) => {
            let subject = match role {
                StaffRole::Registrar => Subject::Registrar(None),
                StaffRole::Operator => Subject::Operator,
            };
            writeln!(out, "{}", minter.mint(&subject, ttl))?;
        }
        (_, _, Some(file)) => {
            for key in read_keys(file)? {
                let token = minter.mint(&Subject::Student(key.clone()), ttl);
                writeln!(out, "{key}\t{token}")?;
            }
        }
        _ => unreachable!("clap asks for one of them"),
    }
    Ok(())
}

/// How long it is good. An operator's is for tools that watch by day and by night.
fn ttl(asked: Option<u32>, operator: bool, usual: Duration) -> Result<Duration, Failure> {
    let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
    let (most, default) = match operator {
        true => (OPERATOR_TOKEN_TTL_MINUTES_MAX, minutes(OPERATOR_TOKEN_TTL_MINUTES)),
        false => (TOKEN_TTL_MINUTES_MAX, usual),
    };
    match asked {
        None => Ok(default),
        Some(asked) if (1..=most).contains(&asked) => Ok(minutes(asked)),
        Some(asked) => {
            let what = format!("--ttl {asked}: such a token lives 1 to {most} minutes");
            Err(Failure::new(Code::Usage, what))
        }
    }
}

/// A registrar by name; `flag` is where the name was given.
pub fn registrar(name: &str, flag: &str) -> Result<Subject, Failure> {
    let bad = |what: &str| Failure::new(Code::Usage, format!("{flag} {name:?} {what}"));
    let key = Key::new(name).map_err(|e| bad(&e.to_string()))?;
    if is_reserved(&key) {
        return Err(bad("is a name of the gateway itself; choose another"));
    }
    Ok(Subject::Registrar(Some(key)))
}

/// A token for one request of our own.
pub fn mint_one(config: &Config, subject: &Subject) -> Result<String, Failure> {
    Ok(minter(&config.journal.dir, config.sign_in.mode)?.mint(subject, Duration::from_secs(300)))
}

fn minter(data: &Path, mode: SignInMode) -> Result<seams::Minter, Failure> {
    let keys = seams::keys(mode);
    if !seams::Minter::has_key(data, keys) {
        let what = "holds no key that signs tokens; start the gateway there once, name another \
                    directory with --data DIR";
        return Err(Failure::new(Code::Unavailable, format!("{}: {what}", data.display())));
    }
    seams::Minter::open(data, keys)
}

/// One key a line; empty lines and `#` lines are passed over. Every bad line is told.
fn read_keys(file: &Path) -> Result<Vec<Key>, Failure> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut f| f.read_to_string(&mut text))
    };
    read.map_err(|e| Failure::file("read", file, &e))?;
    keys(&text).map_err(|faults| Failure::data(file, faults))
}

fn keys(text: &str) -> Result<Vec<Key>, Vec<String>> {
    let (mut keys, mut faults) = (Vec::new(), Vec::new());
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match Key::new(line) {
            Ok(key) => keys.push(key),
            Err(e) => faults.push(format!("line {}: the student number {e}", i + 1)),
        }
    }
    if faults.is_empty() { Ok(keys) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_as_long_as_asked_and_an_operators_for_a_year() {
        let usual = Duration::from_secs(3_600);
        let (week, year) = (TOKEN_TTL_MINUTES_MAX, OPERATOR_TOKEN_TTL_MINUTES_MAX);
        let lives = |asked, operator| ttl(asked, operator, usual).map(|ttl| ttl.as_secs() / 60);
        assert_eq!(lives(None, false), Ok(60));
        assert_eq!(lives(None, true), Ok(u64::from(OPERATOR_TOKEN_TTL_MINUTES)));
        assert_eq!(lives(Some(week), false), Ok(7 * 24 * 60));
        assert_eq!(lives(Some(year), true), Ok(366 * 24 * 60));
        for (asked, operator) in [(0, false), (week + 1, false), (0, true), (year + 1, true)] {
            let failure = lives(Some(asked), operator).unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            assert!(failure.to_string().contains("lives 1 to"), "{failure}");
        }
    }

    #[test]
    fn every_bad_line_is_told_without_repeating_it() {
        let keys_of = |text| keys(text).map(|all| all.len());
        assert_eq!(keys_of("# numbers\ns1\n\n s2 \n"), Ok(2));
        let faults = keys_of("s 1\ns2\né\n").unwrap_err();
        assert_eq!(faults.len(), 2);
        assert!(faults[0].starts_with("line 1: the student number contains ' '"), "{faults:?}");
    }
}
