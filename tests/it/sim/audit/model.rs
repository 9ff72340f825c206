//! The auditor's own fold of the journal: plain tables, nothing of the code that decides.

use std::sync::Arc;

use sluis::domain::catalogue::{Item as Imported, Meeting};
use sluis::domain::ids::{Key, RequestId};
use sluis::domain::outcome::Reason;
use sluis::domain::plan::{Choice, CourseRequest, Plan};
use sluis::domain::section::SectionStatus;
use sluis::domain::window::{Order, Scope, WindowRules};

use crate::told::{Counts, Item, Place, Seats, View};

#[derive(Clone)]
pub struct Section {
    pub course: u32,
    pub capacity: Option<u32>,
    /// What the last file said.
    pub filed: Option<u32>,
    pub taken: u32,
    pub status: SectionStatus,
    pub parent: Option<u32>,
    pub meetings: Vec<Meeting>,
}

impl Section {
    pub fn free(&self) -> bool {
        self.status == SectionStatus::Open && self.has_room()
    }

    pub fn has_room(&self) -> bool {
        self.capacity.is_none_or(|seats| self.taken < seats)
    }

    /// Seats left; all there can be where nothing limits them.
    pub fn room(&self) -> u32 {
        self.capacity.map_or(u32::MAX, |seats| seats.saturating_sub(self.taken))
    }
}

#[derive(Clone)]
pub struct Course {
    pub key: Key,
    pub term: u16,
    pub credits: u32,
    pub needs: Vec<Key>,
    pub is_exam: bool,
    /// Sections of each component.
    pub parts: Vec<Vec<u32>>,
    pub stream: u32,
    pub list: Vec<Entry>,
}

/// A place on a waitlist.
#[derive(Clone)]
pub struct Entry {
    pub student: u32,
    pub request: Arc<CourseRequest>,
    pub window: u32,
    pub replaces: Option<u32>,
    pub told: Vec<Reason>,
}

#[derive(Clone, Debug)]
pub struct Seat {
    pub course: u32,
    pub sections: Vec<u32>,
    pub window: u32,
}

#[derive(Clone)]
pub struct Student {
    pub blocks: Vec<Key>,
    /// The registrar's words on blocks.
    pub words: Vec<(Key, bool)>,
    pub completed: Vec<Key>,
    pub plan: Arc<Plan>,
    pub seats: Vec<Seat>,
    pub waiting: Vec<u32>,
    /// Window and ticket.
    pub tickets: Vec<(u32, u32)>,
    pub stream: u32,
    /// Her messages, and whether each is the answer to a request that was decided at once.
    pub items: Vec<(Item, bool)>,
}

impl Student {
    pub fn seat(&self, course: u32) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.course == course)
    }

    pub fn ticket(&self, window: u32) -> Option<u32> {
        self.tickets.iter().find(|(w, _)| *w == window).map(|(_, ticket)| *ticket)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Planned,
    Open,
    Closed,
}

#[derive(Clone)]
pub struct Ticket {
    pub student: u32,
    pub request: RequestId,
    pub plan: Option<Arc<Plan>>,
    pub waits: bool,
}

#[derive(Clone)]
pub struct Window {
    pub rules: WindowRules,
    pub state: State,
    pub paused: bool,
    pub opened: bool,
    pub tickets: Vec<Ticket>,
    /// Tickets in the order of their turns, once it is open.
    pub order: Vec<u32>,
    pub waiting: u32,
}

#[derive(Clone, Default)]
pub struct Model {
    pub sequence: u64,
    pub epoch: u32,
    pub sections: Vec<Section>,
    pub courses: Vec<Course>,
    pub students: Vec<Student>,
    pub windows: Vec<Window>,
    pub staged: Vec<Imported>,
    pub counts: Counts,
    /// Whether two sections ask for the same time, by both numbers.
    pub clashes: Vec<bool>,
    /// Courses in which somebody may have become eligible, as bits.
    pub woken: u64,
}

impl Model {
    pub fn clash(&self, a: u32, b: u32) -> bool {
        self.clashes[a as usize * self.sections.len() + b as usize]
    }

    /// The sections that a request accepts for a component, hers first.
    pub fn accepted(&self, request: &CourseRequest, part: usize) -> Vec<u32> {
        match &request.choices[part] {
            Choice::Any => self.courses[request.course.index()].parts[part].clone(),
            Choice::Ranked(sections) => sections.iter().map(|s| s.0).collect(),
        }
    }

    pub fn accepts(&self, request: &CourseRequest, section: u32) -> bool {
        (0..request.choices.len()).any(|part| self.accepted(request, part).contains(&section))
    }

    pub fn covers(&self, window: u32, course: u32) -> bool {
        let rules = &self.windows[window as usize].rules;
        let course = &self.courses[course as usize];
        course.term == rules.term
            && match &rules.scope {
                Scope::Courses => !course.is_exam,
                Scope::Exams => course.is_exam,
                Scope::Only(keys) => keys.contains(&course.key),
            }
    }

    /// Who is next in a window's line.
    pub fn first_waiting(&self, window: u32) -> Option<u32> {
        let window = &self.windows[window as usize];
        window.order.iter().copied().find(|ticket| window.tickets[*ticket as usize].waits)
    }

    pub fn place(&self, student: u32, window: u32) -> Option<Place> {
        let ticket = self.students.get(student as usize)?.ticket(window)?;
        let window = &self.windows[window as usize];
        let waits = |t: &&u32| window.tickets[**t as usize].waits;
        let ahead = || window.order.iter().filter(waits).take_while(|t| **t != ticket).count();
        let position = (window.state == State::Open).then(|| ahead() as u32 + 1);
        Some(Place { ticket, position })
    }

    pub fn seats(&self, section: u32) -> Seats {
        let section = &self.sections[section as usize];
        let status = match section.status {
            SectionStatus::Open => 0,
            SectionStatus::Closed => 1,
            SectionStatus::Cancelled => 2,
        };
        Seats { capacity: section.capacity, taken: section.taken, status }
    }

    /// What she must be shown of herself.
    pub fn view(&self, student: u32, after: u64) -> View {
        let who = &self.students[student as usize];
        let rank = |course: u32| {
            let list = &self.courses[course as usize].list;
            list.iter().position(|e| e.student == student).map_or(0, |at| at as u32 + 1)
        };
        let start = who.items.partition_point(|(item, _)| item.sequence <= after);
        View {
            stream: who.stream,
            seats: who.seats.iter().map(|s| (s.course, s.sections.clone())).collect(),
            waiting: who.waiting.iter().map(|course| (*course, rank(*course))).collect(),
            places: who
                .tickets
                .iter()
                .filter_map(|(window, _)| Some((*window, self.place(student, *window)?)))
                .collect(),
            after,
            items: who.items[start..].iter().map(|(item, _)| *item).collect(),
        }
    }

    /// The order in which the armed are served: as they armed, or as drawn. The draw is the
    /// published one: SHA-256 over seed, window and ticket, ascending.
    pub fn draw(&self, window: u32) -> Vec<u32> {
        use sha2::Digest as _;
        let window = &self.windows[window as usize];
        let mut order: Vec<u32> = (0..window.tickets.len() as u32).collect();
        if window.rules.order == Order::Lottery {
            order.sort_by_cached_key(|ticket| {
                let mut hash = sha2::Sha256::new();
                hash.update(window.rules.seed);
                hash.update(window.rules.key.as_str());
                hash.update(ticket.to_be_bytes());
                <[u8; 32]>::from(hash.finalize())
            });
        }
        order
    }

    pub fn note_clashes(&mut self) {
        let meets = |a: &Section, b: &Section| {
            self.courses[a.course as usize].term == self.courses[b.course as usize].term
                && a.meetings.iter().any(|m| {
                    b.meetings.iter().any(|n| {
                        m.weekday == n.weekday
                            && m.weeks.0 & n.weeks.0 != 0
                            && m.start < n.end
                            && n.start < m.end
                    })
                })
        };
        let pairs = self.sections.iter().flat_map(|a| self.sections.iter().map(move |b| (a, b)));
        self.clashes = pairs.map(|(a, b)| meets(a, b)).collect();
    }
}
