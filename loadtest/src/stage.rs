//! Where a run takes place: a gateway of our own, or one that is there.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

use crate::admin::Admin;
use crate::error::{Error, Result};
use crate::gateway::{Home, Server};
use crate::model::Exported;
use crate::os;
use crate::population::Population;
use crate::setup;
use crate::told::{AsOf, Message, Messages};

/// Descriptors that a process needs besides its connections.
const DESCRIPTORS_SPARE: usize = 200;
/// Messages in a page of a message centre.
const PAGE: u32 = 100;
/// Pages read of one message centre.
const PAGES_MAX: usize = 50;

/// A gateway that is there.
#[derive(Clone, Debug)]
pub struct Target {
    /// As the user wrote it.
    pub url: String,
    /// Where that is.
    pub address: SocketAddr,
    /// Student keys and their sign-in tokens.
    pub students: Vec<(String, String)>,
    /// A registrar's token: opens the window and reads the export.
    pub registrar: Option<String>,
}

/// A gateway.
pub struct Stage {
    /// Of our own, while it runs; `None` with a target.
    pub own: Option<(Home, Server)>,
    /// Its address now.
    pub address: SocketAddr,
    /// How reports call it.
    pub name: String,
    /// Sign-in tokens, by student.
    pub tokens: Vec<String>,
    /// A registrar's token.
    pub registrar: Option<String>,
}

impl Target {
    /// Reads the address and the token files; refuses what is not this machine, unless the user
    /// says that it is his.
    pub fn new(url: &str, tokens: &Path, registrar: Option<&Path>, mine: bool) -> Result<Self> {
        let address = resolve(url)?;
        if !address.ip().is_loopback() && !mine {
            return Err(Error::Usage(format!(
                "{url} is not this machine; a load test of somebody else's gateway is an attack: \
                 give --i-own-this-target if it is yours"
            )));
        }
        let students = read_tokens(tokens)?;
        let registrar = registrar.map(|path| {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|e| Error::io("cannot read", path, &e))?;
            let token = text.split_ascii_whitespace().last().map(str::to_owned);
            token.ok_or_else(|| Error::BadFile(format!("{}: no token in it", path.display())))
        });
        let registrar = registrar.transpose()?;
        Ok(Self { url: url.to_owned(), address, students, registrar })
    }
}

fn resolve(url: &str) -> Result<SocketAddr> {
    let wrong = |what: &str| Error::Usage(format!("--target {url}: {what}"));
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        wrong("give http://HOST:PORT; for a gateway behind TLS, name the port behind the proxy")
    })?;
    let host = rest.trim_end_matches('/');
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let found = host.to_socket_addrs().map_err(|e| wrong(&format!("{e}; check the name")))?;
    found
        .into_iter()
        .find(SocketAddr::is_ipv4)
        .ok_or_else(|| wrong("no IPv4 address; rush speaks IPv4 only"))
}

/// Lines of student and token, as `sluis token --students` prints them.
fn read_tokens(path: &Path) -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read", path, &e))?;
    let mut students = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((key, token)) = line.split_once('\t') else {
            return Err(Error::BadFile(format!(
                "{}:{}: not STUDENT, a tab, TOKEN; make the file with \"sluis token --students\"",
                path.display(),
                i + 1
            )));
        };
        students.push((key.trim().to_owned(), token.trim().to_owned()));
    }
    if students.is_empty() {
        let text = "no tokens in it; make it with \"sluis token --students FILE\"";
        return Err(Error::BadFile(format!("{}: {text}", path.display())));
    }
    Ok(students)
}

/// Fails with the remedy when so many sockets cannot be opened.
pub fn check_descriptors(sockets: usize) -> Result<()> {
    os::check_descriptors(sockets + DESCRIPTORS_SPARE)
}

impl Stage {
    /// Starts a gateway with this window and population.
    pub fn own(population: &Population, window: &str, students: &str) -> Result<Self> {
        let home = Home::new(&setup::settings())?;
        if let Some((name, content)) = &population.file {
            let path = home.write(name, content)?;
            home.run_on_data(&["catalogue", "import", &path.to_string_lossy()])?;
        }
        let path = home.write("window.toml", window)?;
        home.run_on_data(&["catalogue", "import", &path.to_string_lossy()])?;
        let path = home.write("students.csv", students)?;
        home.run_on_data(&["students", "import", &path.to_string_lossy()])?;
        let server = home.serve()?;
        let keys: Vec<String> = population.students.iter().map(|s| s.key.clone()).collect();
        let tokens = home.student_tokens(&keys)?;
        let registrar = Some(home.registrar_token()?);
        let name = "a gateway of its own".to_owned();
        Ok(Self { address: server.address, own: Some((home, server)), name, tokens, registrar })
    }

    /// A gateway that is there: it must be ready, and speak.
    pub fn target(target: Target) -> Result<Self> {
        let Target { url, address, students, registrar } = target;
        if !Admin::new(address, None).is_ready() {
            return Err(Error::Unavailable(format!(
                "no gateway is ready at {url}; start it, or check the address"
            )));
        }
        let tokens = students.into_iter().map(|(_, token)| token).collect();
        Ok(Self { own: None, address, name: url, tokens, registrar })
    }

    /// A client of its HTTP side, as the registrar.
    pub fn admin(&self) -> Admin {
        Admin::new(self.address, self.registrar.as_deref())
    }

    /// Its process id, when it is our own.
    pub fn pid(&self) -> Option<u32> {
        self.own.as_ref().map(|(_, server)| server.pid())
    }

    /// Ends a gateway of our own and copies its data directory.
    pub fn keep(&mut self, to: &Path) -> Result<()> {
        let Some((home, server)) = &mut self.own else { return Ok(()) };
        server.kill();
        copy(&home.path("data"), to)
    }

    /// Whether it is gone although nobody killed it; its last words.
    pub fn died(&mut self) -> Option<String> {
        let (_, server) = self.own.as_mut()?;
        if server.is_alive() { None } else { Some(server.last_words()) }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(|e| Error::io("cannot make", to, &e))?;
    let entries = std::fs::read_dir(from).map_err(|e| Error::io("cannot read", from, &e))?;
    for entry in entries.flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            std::fs::copy(&path, &to).map_err(|e| Error::io("cannot copy to", &to, &e))?;
        }
    }
    Ok(())
}

/// Everybody's enrolments.
pub fn export(admin: &Admin) -> Result<Vec<Exported>> {
    let text = admin.get("/api/admin/enrolments?format=json")?;
    let rows = text.lines().map(|line| {
        serde_json::from_str(line)
            .map_err(|e| Error::Failed(format!("the export of enrolments cannot be read: {e}")))
    });
    rows.collect()
}

/// The tickets in the order drawn.
pub fn order(admin: &Admin, window: &str) -> Option<Vec<u32>> {
    #[derive(serde::Deserialize)]
    struct Transcript {
        order: Vec<u32>,
    }
    let text = admin.get(&format!("/api/windows/{window}/lottery")).ok()?;
    serde_json::from_str::<Transcript>(&text).ok().map(|t| t.order)
}

/// The whole message centre of the student whose token the client has, handed over page by page,
/// and the journal position up to which everything is in it.
pub fn centre(admin: &Admin) -> Result<(Vec<Message<'static>>, u64)> {
    let mut all = Vec::new();
    let (mut before, mut as_of) = (None, None);
    for _ in 0..PAGES_MAX {
        let from = before.map_or_else(String::new, |before: u64| format!("&before={before}"));
        let text = admin.get(&format!("/api/messages?limit={PAGE}{from}"))?;
        let page: Messages = serde_json::from_str(&text)
            .map_err(|e| Error::Failed(format!("a message centre cannot be read: {e}")))?;
        all.extend(page.messages.iter().map(owned));
        // The first page has the newest; what comes later is on none of the others.
        as_of.get_or_insert(page.as_of);
        before = page.next;
        if before.is_none() {
            return Ok((all, as_of.unwrap_or_default()));
        }
    }
    Err(Error::Failed(format!("a message centre has over {} messages", all.len())))
}

/// Where the journal stands, as this student is told.
pub fn position(address: SocketAddr, token: &str) -> Result<u64> {
    let text = Admin::new(address, Some(token)).get("/api/enrolments")?;
    let told: AsOf = serde_json::from_str(&text)
        .map_err(|e| Error::Failed(format!("a student's enrolments cannot be read: {e}")))?;
    Ok(told.as_of)
}

fn owned(message: &Message) -> Message<'static> {
    let own = |text: &std::borrow::Cow<str>| text.to_string().into();
    Message {
        journal: message.journal,
        id: own(&message.id),
        at: message.at,
        kind: own(&message.kind),
        course: message.course.as_ref().map(own),
        sections: message.sections.iter().map(own).collect(),
        about: message.about.as_ref().map(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_elsewhere_is_refused_unless_it_is_mine() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = dir.path().join("tokens");
        std::fs::write(&tokens, "s1\tt1\ns2\tt2\n").unwrap();
        let told = Target::new("http://192.0.2.1:80", &tokens, None, false).unwrap_err();
        assert_eq!(told.exit_code(), 2);
        assert!(told.to_string().contains("--i-own-this-target"), "{told}");
        let mine = Target::new("http://192.0.2.1", &tokens, None, true).unwrap();
        assert_eq!((mine.address.port(), mine.students.len()), (80, 2));
        assert!(Target::new("http://127.0.0.1:9", &tokens, None, false).is_ok());
        assert!(Target::new("https://127.0.0.1:9", &tokens, None, false).is_err());
        std::fs::write(&tokens, "s1 t1\n").unwrap();
        let told = Target::new("http://127.0.0.1:9", &tokens, None, false).unwrap_err();
        assert!(told.exit_code() == 78 && told.to_string().contains(":1: "), "{told}");
    }
}
