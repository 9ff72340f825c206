//! A note beside the journal: which addresses the gateway that has it answers at. Tools that find
//! the directory locked read it and ask the gateway instead.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const NAME: &str = "serving.json";

#[derive(Serialize, Deserialize)]
struct Note {
    url: String,
    /// Where its metrics are, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metrics: Option<String>,
}

/// The note while a gateway runs; taken away when dropped. One that a crash left behind is taken
/// away by the next gateway.
#[derive(Debug)]
pub struct Serving {
    path: PathBuf,
}

impl Serving {
    /// Writes the note.
    pub fn announce(data: &Path, url: &str, metrics: Option<&str>) -> io::Result<Self> {
        let path = data.join(NAME);
        let aside = data.join("serving.json.new");
        let note = Note { url: url.to_owned(), metrics: metrics.map(str::to_owned) };
        fs::write(&aside, serde_json::to_vec(&note)?)?;
        fs::rename(&aside, &path)?;
        Ok(Self { path })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Takes away the note of a gateway that is no more.
pub fn forget(data: &Path) {
    let _ = fs::remove_file(data.join(NAME));
}

/// The address in the note; `None` if there is none that can be read.
pub fn url(data: &Path) -> Option<String> {
    note(data).map(|note| note.url)
}

/// The address of the metrics in the note; `None` if there is none that can be read.
pub fn metrics(data: &Path) -> Option<String> {
    note(data)?.metrics
}

fn note(data: &Path) -> Option<Note> {
    let bytes = fs::read(data.join(NAME)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_is_there_while_somebody_serves() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(url(data.path()), None);
        let metrics = "http://127.0.0.1:9464/metrics";
        let serving = Serving::announce(data.path(), "http://127.0.0.1:8080", Some(metrics));
        let serving = serving.unwrap();
        assert_eq!(super::metrics(data.path()).as_deref(), Some(metrics));
        assert_eq!(url(data.path()).as_deref(), Some("http://127.0.0.1:8080"));
        drop(serving);
        assert_eq!(url(data.path()), None);
    }
}
