//! An independent small model: it knows what was asked and told, folds that in journal order, and
//! compares with what the gateway shows. It shares no code with the gateway's rules.

use std::collections::{BTreeMap, HashMap, HashSet};

use sluis::protocol::client::ClientMessage;
use sluis::protocol::server::{EnrolmentView, MessageView, OutcomeView, WaitlistView};

use super::rush::Rusher;
use crate::support::Http;

/// What the gateway says of one student.
pub struct Evidence {
    key: String,
    pub enrolments: Vec<EnrolmentView>,
    pub waitlist: Vec<WaitlistView>,
    /// Her message centre, oldest first.
    centre: Vec<MessageView>,
}

const OUTCOMES: [&str; 5] = ["enrolled", "waitlisted", "refused", "dropped", "left_waitlist"];

impl Evidence {
    pub fn gather(http: &Http, key: String) -> Self {
        let mut state = http.get("/api/enrolments").json();
        let enrolments = serde_json::from_value(state["enrolments"].take()).unwrap();
        let waitlist = serde_json::from_value(state["waitlist"].take()).unwrap();
        let mut centre: Vec<MessageView> = Vec::new();
        let mut path = "/api/messages?limit=100".to_owned();
        loop {
            let mut page = http.get(&path).json();
            let more: Vec<MessageView> = serde_json::from_value(page["messages"].take()).unwrap();
            centre.extend(more);
            let Some(next) = page["next"].as_u64() else { break };
            path = format!("/api/messages?limit=100&before={next}");
        }
        centre.reverse();
        Self { key, enrolments, waitlist, centre }
    }

    fn of_kind(&self, kinds: &[&str]) -> impl Iterator<Item = &MessageView> {
        self.centre.iter().filter(|m| kinds.contains(&m.kind.as_str()))
    }
}

fn same(told: &OutcomeView, message: &MessageView) -> bool {
    message.kind == told.outcome
        && message.sections == told.sections
        && message.reason == told.reason
        && message.at == told.at
        && message.about == told.about.clone().or(told.rank.map(|rank| rank.to_string()))
}

/// What she was told and the gateway does not know, or knows otherwise.
pub fn lost(student: &Rusher, evidence: &Evidence) -> Vec<String> {
    let mut known: HashMap<(u64, &str), &MessageView> = HashMap::new();
    for message in evidence.of_kind(&OUTCOMES) {
        known.insert((message.journal, message.course.as_deref().unwrap()), message);
    }
    let lost = student.told.values().filter(|told| {
        let message = known.get(&(told.journal, told.course.as_str()));
        !message.is_some_and(|message| same(told, message))
    });
    let mut faults: Vec<_> = lost.map(|o| format!("{}: lost {o:?}", evidence.key)).collect();
    let unheard = student.heard.values().filter(|m| !evidence.centre.contains(m));
    faults.extend(unheard.map(|m| format!("{}: lost {m:?}", evidence.key)));
    faults
}

/// Her outcomes that stand in the journal at or before something that anybody had been told when
/// she sent the request: then there is no one order in which all of it happened (I15).
pub fn before_what_was_told(student: &Rusher) -> impl Iterator<Item = String> {
    student.told.values().filter_map(|told| {
        let floor = student.floors[&told.id];
        let late = told.journal > floor;
        (!late).then(|| format!("{}: sent after {floor} was told, {told:?}", student.key))
    })
}

/// Whether the run had everything in it that the audit is about.
pub fn saw_everything(students: &[Rusher], evidence: &[Evidence]) -> bool {
    let mut seen: HashSet<&str> = HashSet::new();
    seen.extend(students.iter().flat_map(|s| s.told.values()).map(|o| o.outcome.as_str()));
    seen.extend(evidence.iter().flat_map(|e| &e.centre).map(|m| m.kind.as_str()));
    let kept = students.iter().flat_map(|s| s.told.values()).any(|o| o.keeps.is_some());
    OUTCOMES.iter().chain(&["promoted"]).all(|kind| seen.contains(kind)) && kept
}

/// What one student has, as the model has it.
#[derive(Default)]
struct Model {
    seats: BTreeMap<String, (Vec<String>, u64)>,
    /// By course: since when, and what she gives for it.
    waits: BTreeMap<String, (u64, Option<String>)>,
}

impl Model {
    fn give_up(&mut self, course: &str) {
        self.seats.remove(course);
        for (_, keeps) in self.waits.values_mut() {
            if keeps.as_deref() == Some(course) {
                *keeps = None;
            }
        }
    }

    fn outcome(&mut self, told: &OutcomeView, asked: &ClientMessage) {
        let course = told.course.clone();
        match told.outcome.as_str() {
            "enrolled" => {
                if let ClientMessage::Swap { from, .. } = asked
                    && *from != course
                {
                    self.give_up(from);
                }
                self.seats.insert(course, (told.sections.clone(), told.journal));
            }
            "waitlisted" => {
                self.waits.insert(course, (told.journal, told.keeps.clone()));
            }
            "dropped" => self.give_up(&course),
            "left_waitlist" => drop(self.waits.remove(&course)),
            _ => {}
        }
    }

    fn promoted(&mut self, message: &MessageView) {
        let course = message.course.clone().unwrap();
        self.waits.remove(&course);
        if let Some(old) = message.about.as_deref().filter(|old| *old != course) {
            self.give_up(old);
        }
        self.seats.insert(course, (message.sections.clone(), message.journal));
    }

    /// In journal order: her requests' outcomes, and her promotions.
    fn of(student: &Rusher, evidence: &Evidence) -> Self {
        let mut model = Self::default();
        let mut told: Vec<_> = student.told.values().collect();
        told.sort_by_key(|o| o.journal);
        let mut promotions = evidence.of_kind(&["promoted"]).peekable();
        for outcome in told {
            while let Some(m) = promotions.next_if(|m| m.journal < outcome.journal) {
                model.promoted(m);
            }
            model.outcome(outcome, &student.sent[&outcome.id]);
        }
        promotions.for_each(|m| model.promoted(m));
        model
    }
}

/// Everybody together.
pub struct Books<'a> {
    pub students: &'a [Rusher],
    pub capacities: Vec<(String, u32)>,
}

impl Books<'_> {
    /// Everything that does not add up once all requests have been answered.
    pub fn faults(&self, evidence: &[Evidence]) -> Vec<String> {
        let mut faults = self.oversold(evidence);
        let mut queues: BTreeMap<&str, Vec<(u64, u32, &str)>> = BTreeMap::new();
        for (student, evidence) in self.students.iter().zip(evidence) {
            let key = &evidence.key;
            faults.extend(once(student, evidence).map(|what| format!("{key}: {what}")));
            faults.extend(before_what_was_told(student));
            let model = Model::of(student, evidence);
            let shown: BTreeMap<_, _> = evidence.enrolments.iter().map(seat).collect();
            if shown != model.seats {
                faults.push(format!("{key}: has {shown:?}, was told {:?}", model.seats));
            }
            let shown: BTreeMap<_, _> =
                evidence.waitlist.iter().map(|w| (&w.course, &w.keeps)).collect();
            if shown != model.waits.iter().map(|(course, (_, keeps))| (course, keeps)).collect() {
                faults.push(format!("{key}: waits {shown:?}, was told {:?}", model.waits));
            }
            for entry in &evidence.waitlist {
                let since = model.waits.get(&entry.course).map_or(0, |(since, _)| *since);
                queues.entry(&entry.course).or_default().push((since, entry.rank, key));
            }
        }
        for (course, mut queue) in queues {
            queue.sort_unstable();
            let in_order = queue.iter().zip(1..).all(|((_, rank, _), nth)| *rank == nth);
            if !in_order {
                faults.push(format!("{course}: (since, rank, who) {queue:?} is not in order"));
            }
            faults.extend(self.idle_seat(course, evidence));
        }
        faults
    }

    fn taken(evidence: &[Evidence], section: &str) -> usize {
        let all = evidence.iter().flat_map(|e| &e.enrolments).flat_map(|e| &e.sections);
        all.filter(|s| *s == section).count()
    }

    fn oversold(&self, evidence: &[Evidence]) -> Vec<String> {
        let sections = self.capacities.iter();
        let over = sections.filter_map(|(section, seats)| {
            let taken = Self::taken(evidence, section);
            (taken > *seats as usize).then(|| format!("{section}: {taken} of {seats} seats"))
        });
        over.collect()
    }

    /// Whoever waits here accepts any section and no check stops her: then no seat is free.
    fn idle_seat(&self, course: &str, evidence: &[Evidence]) -> Option<String> {
        let of_course =
            |section: &str| section.strip_prefix(course).is_some_and(|rest| rest.starts_with('/'));
        let mut sections = self.capacities.iter().filter(|(section, _)| of_course(section));
        let free = sections.find(|(s, seats)| Self::taken(evidence, s) < *seats as usize)?;
        Some(format!("{}: a free seat, and somebody waits", free.0))
    }
}

fn seat(enrolment: &EnrolmentView) -> (String, (Vec<String>, u64)) {
    (enrolment.course.clone(), (enrolment.sections.clone(), enrolment.journal))
}

/// Each message once; each outcome told is one message, and no message is of an outcome that no
/// request of hers had.
fn once(student: &Rusher, evidence: &Evidence) -> impl Iterator<Item = String> {
    let mut faults = Vec::new();
    let mut ids = HashSet::new();
    faults.extend(
        evidence.centre.iter().filter(|m| !ids.insert(&m.id)).map(|m| format!("twice: {m:?}")),
    );
    let told: HashSet<(u64, &str)> =
        student.told.values().map(|o| (o.journal, o.course.as_str())).collect();
    let mut seen = HashSet::new();
    for message in evidence.of_kind(&OUTCOMES) {
        let of = (message.journal, message.course.as_deref().unwrap_or_default());
        if !seen.insert(of) || !told.contains(&of) {
            faults.push(format!("an outcome of no request: {message:?}"));
        }
    }
    if told.len() != student.told.len() {
        faults.push("one record tells two outcomes of a course".to_owned());
    }
    faults.into_iter()
}
