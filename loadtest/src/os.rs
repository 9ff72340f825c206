//! What the operating system knows: CPU time and memory of a process, and the descriptor limit.

use std::path::Path;

use crate::error::{Error, Result};

/// CPU time used by a process, and how finely it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cpu {
    /// Nanoseconds since its start.
    pub ns: u64,
}

/// Where [`cpu`] reads, for reports.
pub const CPU_SOURCE: &str = "utime + stime of /proc/PID/stat (all threads, also ended ones), \
                              resolution 10 ms";
/// Clock ticks a second in `/proc`: `USER_HZ`, 100 on every Linux that Rust supports.
const TICKS_PER_SECOND: u64 = 100;

/// CPU time of a process, user and system, over all its threads.
pub fn cpu(pid: u32) -> Result<Cpu> {
    let path = format!("/proc/{pid}/stat");
    let text = read(&path)?;
    let ticks = parse_stat(&text).ok_or_else(|| odd(&path))?;
    Ok(Cpu { ns: ticks * (1_000_000_000 / TICKS_PER_SECOND) })
}

impl Cpu {
    /// Microseconds used since `before`.
    pub fn us_since(self, before: Self) -> f64 {
        self.ns.saturating_sub(before.ns) as f64 / 1000.0
    }
}

/// utime + stime: fields 14 and 15, counted behind the name, which may hold spaces and brackets.
fn parse_stat(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// User-space memory that a process holds (`RssAnon`), in bytes.
pub fn memory(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = read(&path)?;
    parse_memory(&text).ok_or_else(|| odd(&path))
}

fn parse_memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Fails with the remedy when fewer than `needed` descriptors may be open in one process.
pub fn check_descriptors(needed: usize) -> Result<()> {
    let limits = read("/proc/self/limits")?;
    let (soft, hard) = parse_limits(&limits).ok_or_else(|| odd("/proc/self/limits"))?;
    descriptors_suffice(needed as u64, soft, hard)
}

fn descriptors_suffice(needed: u64, soft: u64, hard: u64) -> Result<()> {
    if soft >= needed {
        return Ok(());
    }
    let text = format!("{needed} open files are needed in one process and {soft} are allowed");
    Err(Error::Unavailable(if hard >= needed {
        format!("{text}; run \"ulimit -n {needed}\" in this shell first")
    } else {
        format!("{text} (at most {hard}); use fewer connections, or as root \"ulimit -n {needed}\"")
    }))
}

fn parse_limits(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let mut fields = line.split_ascii_whitespace().map(|field| match field {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    });
    Some((fields.next()??, fields.next()??))
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::io("cannot read", Path::new(path), &e))
}

fn odd(path: &str) -> Error {
    Error::Io(format!("{path} is not as Linux writes it; rush needs Linux"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        let text = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 9 0 0";
        assert_eq!(parse_stat(text), Some(200));
        assert_eq!(parse_stat("12 (x"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let before = cpu(std::process::id()).unwrap();
        assert!(memory(std::process::id()).unwrap() > 0);
        assert!(cpu(std::process::id()).unwrap().us_since(before) >= 0.0);
        assert!(check_descriptors(1).is_ok());
        assert!(matches!(cpu(u32::MAX), Err(Error::Io(_))));
    }

    #[test]
    fn memory_is_in_bytes() {
        assert_eq!(parse_memory("VmRSS:\t9 kB\nRssAnon:\t     123 kB\n"), Some(123 * 1024));
    }

    #[test]
    fn a_low_limit_comes_with_its_remedy() {
        let text = "Max open files            1024                 524288               files     ";
        assert_eq!(parse_limits(text), Some((1024, 524_288)));
        assert_eq!(descriptors_suffice(1000, 1024, 1024), Ok(()));
        let told = descriptors_suffice(9900, 1024, 20_000).unwrap_err();
        assert_eq!(told.exit_code(), 69);
        assert!(told.to_string().contains("\"ulimit -n 9900\""), "{told}");
        let told = descriptors_suffice(30_000, 1024, 20_000).unwrap_err().to_string();
        assert!(told.contains("at most 20000") && told.contains("fewer connections"), "{told}");
    }
}
