//! Faults in system calls of a program that knows nothing of them: `strace -e inject`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What a test that injects faults needs.
const NEEDS: &str = "strace, and to be allowed to trace a process";

/// Whether a fault can be injected here; else the test that asks is noted as skipped.
pub fn works(test: &str) -> bool {
    works_here() || {
        super::skipped(test, NEEDS);
        false
    }
}

fn works_here() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| {
        let inject = through("write", "signal=SIGKILL:when=1", &[]);
        let mut command = Command::new(&inject[0]);
        command.args(&inject[1..]).args(["dd", "if=/dev/zero", "of=/dev/null", "count=1"]);
        let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        // Killed at its first write, or it was no injection.
        ended.is_ok_and(|status| status.code().is_none())
    })
}

/// What a program is started through so that these system calls fail, or kill, or take long:
/// `fault` as strace writes it (`error=EIO:when=3`), counted in each thread. With paths: only where
/// one of these files is concerned. The program is the direct child, strace its grandchild, so
/// that its process id and exit code are the program's own.
pub fn through(calls: &str, fault: &str, paths: &[&Path]) -> Vec<String> {
    let mut through = ["strace", "-D", "-f", "-qq", "-o", "/dev/null"].map(str::to_owned).to_vec();
    through.extend(["-e".to_owned(), format!("trace={calls}")]);
    through.extend(["-e".to_owned(), format!("inject={calls}:{fault}")]);
    for path in paths {
        through.extend(["-P".to_owned(), path.to_str().unwrap().to_owned()]);
    }
    through
}
