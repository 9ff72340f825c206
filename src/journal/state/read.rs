//! Blocks into a state.

use std::io::{self, Read};
use std::sync::Arc;

use serde::Deserialize;

use super::account_v2::{AccountV2, ChangesV2};
use super::acts_v3::{AuditEntryV3, OverridesV3};
use super::sealed_v4::{SealedActV4, SealedItemV4, SealedV4, open_student};
use super::v1::{
    EndV1, HeadV1, InboxItemV1, MemoV1, SeatsV1, StudentV1, TicketV1, WaitingV1, WindowNoticeV1,
    WindowV1, kind,
};
use super::write::{end_v1, waitlisted};
use super::{BLOCK_BYTES, BLOCK_HEADER_BYTES, PLAIN_VERSION, VERSION};
use crate::domain::account::Account;
use crate::domain::catalogue::{Catalogue, Course, Item, Programme, SectionInfo, Term};
use crate::domain::course::{CourseBook, WaitlistEntry};
use crate::domain::ids::{
    CourseId, RequestId, SectionId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use crate::domain::registry::Registry;
use crate::domain::section::Section;
use crate::domain::student::{Enrolment, InboxItem, Memo, Notice, Student};
use crate::domain::university::University;
use crate::domain::window::{TicketInfo, Window};
use crate::journal::keys::Keys;
use crate::journal::record::{CourseV1, ItemV1, ProgrammeV1, SectionInfoV1, TermV1};
use crate::journal::wire;

/// Most students made room for on a snapshot's word alone.
const RESERVE_MAX: usize = 1 << 20;

/// Bytes that are no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// An older format, in which something is missing that the journal has.
    #[error("of an older form ({0}): the journal is read instead")]
    Older(u8),
    /// A format that this version does not know.
    #[error("made by a newer Sluis (snapshot format {0}); use that version")]
    Newer(u8),
    /// The bytes could not be read, or ended early.
    #[error("a snapshot cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A value is not what the format says.
    #[error("a snapshot is damaged: block {block}: {error}")]
    Damaged {
        /// Which block, from 1.
        block: u32,
        /// What is wrong.
        error: postcard::Error,
    },
    /// Its parts do not belong together.
    #[error("a snapshot is damaged: {0}")]
    Inconsistent(&'static str),
}

/// Reads a state without keys, to the end of `reader`: what is sealed in it is left out.
pub fn read_state(reader: impl Read) -> Result<University, StateError> {
    read_state_with(reader, &Keys::none())
}

/// Reads a state that [`super::write_state`] or [`super::write_sealed`] wrote, to the end of
/// `reader`.
pub fn read_state_with(mut reader: impl Read, keys: &Keys) -> Result<University, StateError> {
    let mut version = [0];
    reader.read_exact(&mut version)?;
    match version[0] {
        PLAIN_VERSION..=VERSION => {}
        0 => return Err(StateError::Inconsistent("no version")),
        older @ ..PLAIN_VERSION => return Err(StateError::Older(older)),
        newer => return Err(StateError::Newer(newer)),
    }
    let mut parts = Parts { keys: keys.clone(), ..Parts::default() };
    let mut buffer = Vec::with_capacity(BLOCK_BYTES * 2);
    let mut block = 0;
    while parts.end.is_none() {
        let mut header = [0; BLOCK_HEADER_BYTES];
        reader.read_exact(&mut header)?;
        let [kind, length @ ..] = header;
        let length = u64::from(u32::from_le_bytes(length));
        buffer.clear();
        // Grows with what is there, whatever the length says.
        if (&mut reader).take(length).read_to_end(&mut buffer)? as u64 != length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        block += 1;
        parts.block(kind, &buffer).map_err(|error| StateError::Damaged { block, error })?;
    }
    if reader.read(&mut version)? != 0 {
        return Err(StateError::Inconsistent("bytes are left over"));
    }
    parts.finish()
}

/// What has been read so far.
#[derive(Default)]
struct Parts {
    keys: Keys,
    sequence: Sequence,
    epoch: u32,
    terms: Vec<Term>,
    courses: Vec<Arc<Course>>,
    sections: Vec<Arc<SectionInfo>>,
    programmes: Vec<Programme>,
    students: Vec<Student>,
    staged: Vec<Item>,
    seats: Vec<Section>,
    rest: Registry,
    end: Option<EndV1>,
}

impl Parts {
    fn block(&mut self, kind: u8, bytes: &[u8]) -> postcard::Result<()> {
        match kind {
            kind::HEAD => each(bytes, |head: HeadV1| {
                (self.sequence, self.epoch) = (Sequence(head.sequence), head.epoch);
                self.rest.tickets_taken = head.tickets_taken;
                self.rest.tickets_left = head.tickets_left;
                self.students.reserve((head.students as usize).min(RESERVE_MAX));
                Ok(())
            }),
            kind::TERM => each(bytes, |term: TermV1| {
                self.terms.push(term.into());
                Ok(())
            }),
            kind::COURSE => each(bytes, |course: CourseV1| {
                self.courses.push(Arc::new(course.into()));
                Ok(())
            }),
            kind::SECTION => each(bytes, |info: SectionInfoV1| {
                self.sections.push(Arc::new(info.into()));
                Ok(())
            }),
            kind::PROGRAMME => each(bytes, |programme: ProgrammeV1| {
                self.programmes.push(programme.into());
                Ok(())
            }),
            kind::WINDOW => each(bytes, |window| {
                self.rest.windows.push(window_of(window));
                Ok(())
            }),
            kind::TICKET => each(bytes, |ticket| self.ticket(ticket)),
            kind::STUDENT => each(bytes, |student| self.student(student)),
            kind::BOOK => each(bytes, |sequence| {
                self.rest.courses.push(CourseBook { sequence, waitlist: Vec::new() });
                Ok(())
            }),
            kind::WAITING => each(bytes, |entry| self.waiting(entry)),
            kind::NOTICE => each(bytes, |notice: WindowNoticeV1| {
                self.rest.window_notices.push(notice.into());
                Ok(())
            }),
            kind::STAGED => each(bytes, |item: ItemV1| {
                self.staged.push(item.into());
                Ok(())
            }),
            kind::SEATS => each(bytes, |seats: SeatsV1| {
                self.seats.push(seats.into());
                Ok(())
            }),
            kind::ACCOUNT => each(bytes, |account: AccountV2| {
                let student = self.students.get_mut(account.student as usize);
                student.ok_or(postcard::Error::SerdeDeCustom)?.account = account.into();
                Ok(())
            }),
            kind::CHANGES => each(bytes, |changes: ChangesV2| {
                self.rest.catalogue_changes = (changes.count, Timestamp(changes.at));
                Ok(())
            }),
            kind::SWAPS => each(bytes, |swaps| {
                self.rest.swaps = swaps;
                Ok(())
            }),
            kind::PAUSED => each(bytes, |window: u32| {
                let window = self.rest.windows.get_mut(window as usize);
                window.ok_or(postcard::Error::SerdeDeCustom)?.paused = true;
                Ok(())
            }),
            kind::OVERRIDES => each(bytes, |words: OverridesV3| {
                let student = self.students.get_mut(words.student as usize);
                student.ok_or(postcard::Error::SerdeDeCustom)?.overrides = words.into_words();
                Ok(())
            }),
            kind::ACT => each(bytes, |entry: AuditEntryV3| {
                self.rest.audit.push(entry.into());
                Ok(())
            }),
            kind::SEALED => each(bytes, |sealed: SealedV4| {
                let student = self.students.get_mut(sealed.student as usize);
                let student = student.ok_or(postcard::Error::SerdeDeCustom)?;
                open_student(&sealed, student, &self.keys)
            }),
            kind::SEALED_ACT => each(bytes, |sealed: SealedActV4| {
                self.rest.audit.push(sealed.open(&self.keys)?);
                Ok(())
            }),
            kind::SEALED_ITEM => each(bytes, |sealed: SealedItemV4| {
                self.staged.push(sealed.open(&self.keys)?);
                Ok(())
            }),
            kind::END => each(bytes, |end| {
                self.end = Some(end);
                Ok(())
            }),
            _ => Err(postcard::Error::SerdeDeCustom),
        }
    }

    fn ticket(&mut self, ticket: TicketV1) -> postcard::Result<()> {
        let window = self.rest.windows.get_mut(ticket.window as usize);
        window.ok_or(postcard::Error::SerdeDeCustom)?.tickets.push(TicketInfo {
            student: StudentId(ticket.student),
            request: RequestId(ticket.request),
            plan: ticket.plan.map(|plan| Arc::new(plan.into())),
            state: ticket.state.into(),
        });
        Ok(())
    }

    fn student(&mut self, student: StudentV1) -> postcard::Result<()> {
        let memos: Vec<(RequestId, Memo)> = student.memos.into_iter().map(memo_of).collect();
        let inbox = inbox_of(student.inbox, &memos)?;
        let enrolments = student.enrolments.into_iter().map(|e| Enrolment {
            course: CourseId(e.course),
            sections: e.sections.into_iter().map(SectionId).collect(),
            window: WindowId(e.window),
            since: Sequence(e.since),
        });
        let tickets = student.tickets.into_iter();
        let mut read = Student {
            profile: Arc::new(student.profile.into()),
            plan: Arc::new(student.plan.into()),
            enrolments: enrolments.collect(),
            waiting: student.waiting.into_iter().map(CourseId).collect(),
            tickets: tickets.map(|(w, t)| (WindowId(w), Ticket(t))).collect(),
            sequence: student.sequence,
            requests: memos.into_iter().collect(),
            inbox,
            read_up_to: Sequence(0),
            read_items: 0,
            account: Account::default(),
            overrides: Vec::new(),
        };
        read.mark_read(Sequence(student.read_up_to));
        self.students.push(read);
        Ok(())
    }

    fn waiting(&mut self, entry: WaitingV1) -> postcard::Result<()> {
        let (student, request_id) = (StudentId(entry.student), RequestId(entry.request_id));
        let course = CourseId(entry.course);
        let request = if let Some(request) = entry.request {
            Arc::new(request.into())
        } else {
            let who = self.students.get(student.index());
            let memo = who.and_then(|who| who.requests.get(request_id));
            let request = memo.and_then(|memo| waitlisted(memo, course));
            Arc::clone(request.ok_or(postcard::Error::SerdeDeCustom)?)
        };
        let book = self.rest.courses.get_mut(course.index());
        book.ok_or(postcard::Error::SerdeDeCustom)?.waitlist.push(WaitlistEntry {
            student,
            request,
            request_id,
            window: WindowId(entry.window),
            since: Sequence(entry.since),
            replaces: entry.replaces.map(CourseId),
            told: wire::list(entry.told),
        });
        Ok(())
    }

    fn finish(self) -> Result<University, StateError> {
        let Self { terms, courses, sections, programmes, .. } = self;
        let books = self.rest.courses.len();
        if books != courses.len() || self.seats.len() != sections.len() {
            return Err(StateError::Inconsistent("courses or sections are missing"));
        }
        let catalogue = Catalogue::from_parts(terms, courses, sections, programmes);
        let mut registry = self.rest.with_students(self.students, self.staged);
        (registry.sequence, registry.epoch) = (self.sequence, self.epoch);
        registry.catalogue = Arc::new(catalogue);
        let university = University { registry, sections: self.seats };
        if self.end == Some(end_v1(&university)) {
            return Ok(university);
        }
        Err(StateError::Inconsistent("it has other counts than it says"))
    }
}

fn each<'a, T: Deserialize<'a>>(
    mut bytes: &'a [u8],
    mut take: impl FnMut(T) -> postcard::Result<()>,
) -> postcard::Result<()> {
    while !bytes.is_empty() {
        take(wire::take(&mut bytes)?)?;
    }
    Ok(())
}

/// Her messages; some are the outcomes of a memo, by its index.
pub fn inbox_of(
    items: Vec<InboxItemV1>,
    memos: &[(RequestId, Memo)],
) -> postcard::Result<Vec<InboxItem>> {
    let mut inbox = Vec::with_capacity(items.len());
    for item in items {
        let (sequence, at) = (Sequence(item.sequence), Timestamp(item.at));
        let student_sequence = item.student_sequence;
        let told = |notice| InboxItem { sequence, student_sequence, at, notice };
        match item.notice.into_notice() {
            Ok(notice) => inbox.push(told(notice)),
            Err(index) => {
                let (request, memo) = memos.get(index).ok_or(postcard::Error::SerdeDeCustom)?;
                let decided = memo.decided.as_ref();
                let (_, outcomes) = decided.ok_or(postcard::Error::SerdeDeCustom)?;
                inbox.extend(outcomes.iter().map(|(course, outcome)| {
                    let (request, course, outcome) = (*request, *course, outcome.clone());
                    told(Notice::Outcome { request, course, outcome, instead_of: None })
                }));
            }
        }
    }
    Ok(inbox)
}

fn window_of(window: WindowV1) -> Window {
    Window {
        rules: window.rules.into(),
        state: window.state.into(),
        paused: false,
        run: window.run,
        opened_at: window.opened_at.map(Timestamp),
        drawn: window.drawn,
        tickets: Vec::new(),
        waiting: window.waiting,
    }
}

fn memo_of(memo: MemoV1) -> (RequestId, Memo) {
    let decided = memo.decided.map(|(sequence, outcomes)| {
        let outcomes = outcomes.into_iter();
        let outcomes = outcomes.map(|(course, o)| (CourseId(course), o.into()));
        (Sequence(sequence), outcomes.collect())
    });
    let ticket = memo.ticket.map(|(w, t)| (WindowId(w), Ticket(t)));
    (RequestId(memo.request), Memo { body: u64::from_le_bytes(memo.body), ticket, decided })
}
