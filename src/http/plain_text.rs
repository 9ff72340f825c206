//! The words of `/plain`, in both languages, and its HTML. Everything that comes from a catalogue
//! is escaped.

use std::fmt::Write as _;

use super::oidc::routes::START;
use super::plain::{Course, PlainQuery, Standing, Told};
use super::problem::Problem;
use crate::domain::account::Language;
use crate::domain::catalogue::Text;
use crate::domain::ids::Timestamp;
use crate::domain::line::Eta;
use crate::domain::window::WindowState;

/// In which language, for whom, and when.
pub struct Words<'a> {
    /// The language.
    pub language: Language,
    /// As it was asked for.
    pub query: &'a PlainQuery,
    /// Now.
    pub now: Timestamp,
    /// Whether one can sign in without scripts: with the university account.
    pub accounts: bool,
}

impl Words<'_> {
    fn say(&self, nl: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Nl => nl,
            Language::En => en,
        }
    }

    fn name(&self, text: &Text) -> String {
        escape(self.language_of(text))
    }

    fn language_of<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.language)
    }

    /// A span of time, to the minute from two minutes on.
    fn span(&self, seconds: u64) -> String {
        let day = 86_400;
        let (n, nl, en) = match seconds {
            1 => (1, "seconde", "second"),
            0..120 => (seconds, "seconden", "seconds"),
            120..7_200 => (seconds.div_ceil(60), "minuten", "minutes"),
            7_200..172_800 => (seconds.div_ceil(3_600), "uur", "hours"),
            _ => (seconds / day, "dagen", "days"),
        };
        format!("{n} {}", self.say(nl, en))
    }

    fn expected(&self, eta: Option<Eta>) -> String {
        match eta {
            None => self.say("nog niet bekend", "not known yet").to_owned(),
            Some(Eta { high_s: 0..=1, .. }) => self.say("elk moment", "any moment").to_owned(),
            Some(Eta { low_s, high_s }) => {
                let (low, high) = (self.span(low_s.into()), self.span(high_s.into()));
                format!("{low} {} {high}", self.say("tot", "to"))
            }
        }
    }
}

/// Text as it may stand in HTML, in an attribute too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The whole document.
pub fn document(words: &Words<'_>, every: Option<u32>, found: Result<&Told, &Problem>) -> String {
    let lang = words.say("nl", "en");
    let title = words.say("Mijn inschrijving", "My registration");
    let body = match found {
        Ok(told) => told_html(words, told),
        Err(problem) => problem_html(words, problem),
    };
    let foot = foot(words, every);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Sluis</title>\n\
         <link rel=\"stylesheet\" href=\"/theme.css\">\n\
         <link rel=\"stylesheet\" href=\"/plain.css\">\n</head>\n<body>\n\
         <main>\n<h1>{title}</h1>\n{body}</main>\n{foot}</body>\n</html>\n"
    )
}

/// The other language, whether it refreshes itself, and the way to the page itself.
fn foot(words: &Words<'_>, every: Option<u32>) -> String {
    let lang = words.say("nl", "en");
    let (other, name) = (words.say("en", "nl"), words.say("English", "Nederlands"));
    let stopped = words.query.refresh.as_deref() == Some("off");
    let keep = if stopped { "&amp;refresh=off" } else { "" };
    let refresh = match every {
        Some(seconds) => format!(
            "<p>{} <a href=\"/plain?lang={lang}&amp;refresh=off\">{}</a></p>\n",
            words
                .say("Deze pagina ververst zichzelf elke N s.", "This page refreshes every N s.")
                .replace('N', &seconds.to_string()),
            words.say("Niet meer verversen", "Stop refreshing"),
        ),
        None => format!(
            "<p><a href=\"/plain?lang={lang}\">{}</a></p>\n",
            words.say("Verversen", "Refresh"),
        ),
    };
    let whole = words.say("Naar de volledige pagina", "To the full page");
    format!(
        "<footer>\n{refresh}<p><a href=\"/plain?lang={other}{keep}\" lang=\"{other}\" \
         hreflang=\"{other}\">{name}</a></p>\n<p><a href=\"/\">{whole}</a></p>\n</footer>\n"
    )
}

fn problem_html(words: &Words<'_>, problem: &Problem) -> String {
    let (title, what) = match problem.kind.status {
        401 => (
            words.say("Je bent niet aangemeld", "You are not signed in"),
            words.say(
                "Aanmelden kan op de volledige pagina. Staat je plan klaar, dan wordt het ook \
                 zonder jou ingediend.",
                "Sign in on the full page. If your plan is armed, it is submitted without you too.",
            ),
        ),
        403 => (
            words.say("Deze pagina is voor studenten", "This page is for students"),
            words.say("Ga naar de volledige pagina.", "Go to the full page."),
        ),
        _ => (
            words.say("Het is even druk", "It is busy"),
            words.say(
                "Er is niets veranderd. Deze pagina probeert het zo opnieuw.",
                "Nothing was changed. This page tries again in a moment.",
            ),
        ),
    };
    let way = match problem.kind.status {
        401 if words.accounts => format!(
            "<p><a href=\"{START}?to=/plain&amp;lang={}\">{}</a></p>\n",
            words.say("nl", "en"),
            words.say("Log in met je universiteitsaccount", "Sign in with your university account"),
        ),
        _ => String::new(),
    };
    format!("<h2>{title}</h2>\n<p>{what}</p>\n{way}")
}

fn told_html(words: &Words<'_>, told: &Told) -> String {
    let mut html = String::new();
    for window in &told.windows {
        let name = words.name(&window.name);
        let _ =
            write!(html, "<section>\n<h2>{name}</h2>\n{}</section>\n", window_html(words, window));
    }
    let title = words.say("Uitslagen", "Outcomes");
    let _ = write!(html, "<section>\n<h2>{title}</h2>\n");
    if told.courses.is_empty() {
        let none = words.say("Er is nog niets beslist.", "Nothing has been decided yet.");
        let _ = writeln!(html, "<p>{none}</p>");
    } else {
        let courses: String = told.courses.iter().map(|c| course_html(words, c)).collect();
        let record = words.say(
            "De administratie van de universiteit beslist.",
            "The university’s own record decides.",
        );
        let _ = write!(html, "<ul>\n{courses}</ul>\n<p>{record}</p>\n");
    }
    html + "</section>\n"
}

fn window_html(words: &Words<'_>, window: &Standing) -> String {
    let armed = match window.armed {
        true => words.say(
            "<p><strong>Je plan staat klaar.</strong> De server dient het in.</p>\n",
            "<p><strong>Your plan is armed.</strong> The server submits it.</p>\n",
        ),
        false => {
            words.say("<p>Je plan staat niet klaar.</p>\n", "<p>Your plan is not armed.</p>\n")
        }
    };
    match (window.state, window.place) {
        (WindowState::Planned, _) => {
            let left = window.opens_at.map(|at| at.0.saturating_sub(words.now.0) / 1000);
            let when = match left {
                None => words.say("Nog niet open.", "Not open yet.").to_owned(),
                Some(0) => words.say("Gaat nu open.", "Opening now.").to_owned(),
                Some(s) => format!("{} {}.", words.say("Opent over", "Opens in"), words.span(s)),
            };
            format!("<p>{when}</p>\n{armed}")
        }
        (WindowState::Open, Some((position, eta))) => {
            let waiting = window.waiting;
            let place = words.say("Je plaats in de rij", "Your place in line");
            let of = words.say("van", "of");
            let wait = words.say("Verwachte wachttijd", "Expected wait");
            let expected = words.expected(eta);
            format!(
                "<p>{place}: <strong>{position}</strong> {of} {waiting}</p>\n\
                 <p>{wait}: {expected}</p>\n"
            )
        }
        (WindowState::Open, None) => words
            .say(
                "<p>De inschrijving is open. Je staat niet in de rij.</p>\n",
                "<p>Registration is open. You are not in line.</p>\n",
            )
            .to_owned(),
        (WindowState::Closed, _) => words.say("<p>Gesloten.</p>\n", "<p>Closed.</p>\n").to_owned(),
    }
}

fn course_html(words: &Words<'_>, course: &Course) -> String {
    let name = words.name(&course.name);
    let code = escape(&course.code);
    let told = course.told.as_ref();
    let state = match (course.sections.is_empty(), course.rank, told.map(|o| o.outcome.as_str())) {
        (false, _, _) => {
            let sections = escape(&course.sections.join(", "));
            format!("{}: {sections}", words.say("Ingeschreven", "Enrolled"))
        }
        (_, Some(rank), _) => {
            format!("{} {rank}", words.say("Op de wachtlijst, nummer", "On the waitlist, number"))
        }
        (_, _, Some("refused")) => {
            let reason = told.and_then(|o| o.reason.as_deref()).unwrap_or_default();
            let about = match &course.about {
                Some(name) => words.name(name),
                None => escape(told.and_then(|o| o.about.as_deref()).unwrap_or_default()),
            };
            let why = reason_words(words, reason).replace("{about}", &about);
            format!("{}: {why}", words.say("Niet ingeschreven", "Not enrolled"))
        }
        (_, _, Some("waitlisted" | "left_waitlist")) => {
            words.say("Van de wachtlijst af", "Left the waitlist").to_owned()
        }
        _ => words.say("Uitgeschreven", "Dropped").to_owned(),
    };
    let number = |no: u64| format!(" ({} {no})", words.say("bon nr.", "receipt no."));
    let receipt = course.receipt.map(number).unwrap_or_default();
    format!("<li><strong>{name}</strong> {code}<br>{state}{receipt}</li>\n")
}

fn reason_words(words: &Words<'_>, reason: &str) -> &'static str {
    let (nl, en) = match reason {
        "not_enrolled" => ("je bent er niet voor ingeschreven", "you are not enrolled in it"),
        "not_waitlisted" => ("je staat niet op de wachtlijst", "you are not on its waitlist"),
        "already_enrolled" => ("je bent al ingeschreven", "you are enrolled already"),
        "already_waitlisted" => ("je staat al op de wachtlijst", "you are on the waitlist already"),
        "outside_window" => ("hoort niet bij deze inschrijving", "not part of this registration"),
        "blocked" => (
            "je mag je nu niet inschrijven (blokkade {about})",
            "you may not register now (block {about})",
        ),
        "prerequisite_missing" => {
            ("je hebt {about} nog niet gehaald", "you have not passed {about} yet")
        }
        "credit_limit" => (
            "hiermee kom je {about} EC boven het maximum",
            "this takes you {about} ECTS over the limit",
        ),
        "closed" => ("gesloten voor inschrijving", "closed for registration"),
        "clash" => ("botst met {about}", "clashes with {about}"),
        "full" => ("vol", "full"),
        "waitlist_full" => ("vol, en de wachtlijst ook", "full, and so is the waitlist"),
        _ => ("niet mogelijk", "not possible"),
    };
    words.say(nl, en)
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
