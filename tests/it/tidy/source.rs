//! Source files as the rules see them: lines of code with their numbers, comments left out, and
//! whether they are test code.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A file.
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    /// Number, code without comments, whether only tests have it.
    pub lines: Vec<(usize, String, bool)>,
    tests: bool,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let mut tests = path.contains("/tests/") || path.starts_with("tests/");
        tests |= ["/tests.rs", "_tests.rs"].iter().any(|end| path.ends_with(end));
        let (mut inline, mut last) = (false, "");
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            // By our habit the inline test module is the end of its file.
            inline |=
                last.trim() == "#[cfg(test)]" && line.starts_with("mod ") && line.ends_with('{');
            last = line;
            let code = line.split(" // ").next().unwrap_or_default();
            if !code.trim_start().starts_with("//") {
                lines.push((number + 1, code.to_owned(), inline));
            }
        }
        Self { path: path.to_owned(), lines, tests }
    }

    /// The code that is shipped.
    pub fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let all = self.lines.iter().filter(|(_, _, test)| !self.tests && !test);
        all.map(|(number, code, _)| (*number, code.as_str()))
    }

    /// The code of tests.
    pub fn tested(&self) -> impl Iterator<Item = &str> {
        let all = self.lines.iter().filter(|(_, _, test)| self.tests || *test);
        all.map(|(_, code, _)| code.as_str())
    }

    pub fn all(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().map(|(number, code, _)| (*number, code.as_str()))
    }

    /// Files of modules that this one declares for tests alone.
    fn test_modules(&self) -> Vec<String> {
        let base =
            self.path.trim_end_matches(".rs").trim_end_matches("/mod").trim_end_matches("/lib");
        let pairs = self.lines.windows(2).filter(|two| two[0].1.trim() == "#[cfg(test)]");
        let names = pairs.filter_map(|two| {
            let (_, name) = two[1].1.strip_suffix(';')?.rsplit_once("mod ")?;
            Some(format!("{base}/{name}"))
        });
        names.collect()
    }
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every Rust file of the workspace.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for directory in ["src", "loadtest", "tests"] {
        rust_files(&root.join(directory), &mut paths);
    }
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        Source::new(name, &std::fs::read_to_string(path).unwrap())
    };
    let mut sources: Vec<_> = paths.iter().map(read).collect();
    let declared: HashSet<_> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let name = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        source.tests |= declared.contains(name);
    }
    sources
}

/// Where a word stands alone: not as a part of a longer one or behind a `::`.
pub fn has_word(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.match_indices(word).any(|(at, _)| !code[..at].ends_with(part))
}
