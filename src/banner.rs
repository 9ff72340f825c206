//! What a person sees when the gateway has started: at most eight lines.

use std::fmt;
use std::path::Path;

/// The facts.
#[derive(Clone, Copy, Debug)]
pub struct Banner<'a> {
    /// Where browsers go; the first is the one to click.
    pub urls: &'a [String],
    /// Where operators look.
    pub metrics: Option<&'a str>,
    /// The data directory.
    pub data: &'a Path,
    /// Enrolments that replay brought back.
    pub enrolments: usize,
    /// The configuration file, if one was read.
    pub config: Option<&'a Path>,
    /// How people sign in, such as "demo, this machine only".
    pub sign_in: &'a str,
    /// The window, such as "… opens 60 s after the first sign-in".
    pub window: Option<&'a str>,
    /// What to do now, such as "add courses, press Arm".
    pub next: Option<&'a str>,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sluis {} at {}", env!("CARGO_PKG_VERSION"), self.urls.join(" and "))?;
        let count = thousands(self.enrolments);
        let found = match self.enrolments {
            0 => "no enrolments yet".to_owned(),
            1 => "1 enrolment recovered".to_owned(),
            _ => format!("{count} enrolments recovered"),
        };
        writeln!(f, "  data      {}, {found}", self.data.display())?;
        match self.config {
            Some(file) => writeln!(f, "  settings  {}", file.display())?,
            None => writeln!(f, "  settings  as shipped; see `sluis config default`")?,
        }
        writeln!(f, "  sign-in   {}", self.sign_in)?;
        if let Some(metrics) = self.metrics {
            writeln!(f, "  metrics   {metrics}")?;
        }
        if let Some(window) = self.window {
            writeln!(f, "  window    {window}")?;
        }
        if let Some(next) = self.next {
            writeln!(f, "  now       {next}")?;
        }
        writeln!(f, "  stop      Ctrl-C; whatever was told is on disk")
    }
}

/// A count with commas, as in 12,345.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_eight_lines_with_the_address_first() {
        let urls = ["http://127.0.0.1:8080".to_owned()];
        let banner = Banner {
            urls: &urls,
            metrics: Some("http://127.0.0.1:9464/metrics"),
            data: Path::new("./sluis-data"),
            enrolments: 12_345,
            config: None,
            sign_in: "demo",
            window: Some("opens soon"),
            next: Some("choose somebody"),
        };
        let text = banner.to_string();
        assert!(text.lines().count() <= 8);
        assert!(text.lines().next().unwrap().ends_with("http://127.0.0.1:8080"));
        assert!(text.contains("12,345 enrolments recovered"));
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }
}
