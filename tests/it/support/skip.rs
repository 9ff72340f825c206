//! Tests that cannot run here: they say so past the capture of a test's output, and in a list that
//! `tests/run` prints at its end, so that what was skipped is not taken for what passed.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Notes that a test is skipped, and for want of what: in `skipped.txt` of the target directory.
pub fn skipped(test: &str, needs: &str) {
    note(&Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("skipped.txt"), test, needs);
}

fn note(list: &Path, test: &str, needs: &str) {
    let line = format!("skipped: {test}: needs {needs}\n");
    // Written, not printed: what is printed is kept back while the test passes.
    let _ = std::io::stderr().write_all(line.as_bytes());
    let opened = OpenOptions::new().create(true).append(true).open(list);
    let noted = opened.and_then(|mut list| list.write_all(line.as_bytes()));
    noted.unwrap_or_else(|e| panic!("{}: {e}", list.display()));
}

#[test]
fn each_skipped_test_is_a_line_of_the_list() {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("skipped.txt");
    note(&list, "one", "a thing");
    note(&list, "another", "root");
    let text = std::fs::read_to_string(&list).unwrap();
    assert_eq!(text, "skipped: one: needs a thing\nskipped: another: needs root\n");
}
