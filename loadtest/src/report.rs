//! The report: one self-contained HTML file, and the summary as JSON.

mod html;
mod plot;
mod seats;

use std::path::Path;

use crate::error::{Error, Result};
use crate::perform::Ran;
use crate::population::Catalogue;
use crate::summary::Summary;

/// Writes both files into the directory, which is made.
pub fn write(dir: &Path, summary: &Summary, ran: &Ran, catalogue: &Catalogue) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|e| Error::io("cannot make", dir, &e))?;
    let put = |name: &str, content: String| {
        let path = dir.join(name);
        std::fs::write(&path, content).map_err(|e| Error::io("cannot write", &path, &e))
    };
    let json = serde_json::to_string_pretty(summary).expect("summaries have a JSON form");
    put("summary.json", json + "\n")?;
    put("report.html", html::page(summary, ran, catalogue))
}
