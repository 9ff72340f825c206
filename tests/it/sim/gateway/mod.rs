//! The gateway of a simulation: the domain's turns, the journal's formats and recovery as they
//! are, and wiring that does in one thread what the actors do: number, append, apply, hold back,
//! let out. A [`Bug`] bends the wiring, or a decision on its way through.

mod bend;
pub mod shown;

use std::collections::VecDeque;

use sluis::actors::tell;
use sluis::application::recover::{counted, recover};
use sluis::domain::acts::{Author, BY_SCHEDULE};
use sluis::domain::command::Command;
use sluis::domain::decide::Verdict;
use sluis::domain::event::{Event, Record, Via};
use sluis::domain::ids::{RequestId, SectionId, Sequence, StudentId, Timestamp, WindowId};
use sluis::domain::line::Line;
use sluis::domain::outcome::Rejection;
use sluis::domain::registry::Registry;
use sluis::domain::section::{Quote, Section};
use sluis::domain::student::Notice;
use sluis::domain::turn::Turn;
use sluis::domain::university::University;
use sluis::journal::memory::Disk;
use sluis::journal::state::write_state;
use sluis::journal::{Journal, JournalReader, Manifest, RecordBuffer, past, record};
use sluis::limits::{JOURNAL_ENTRY_BYTES_MAX, SNAPSHOT_COMMIT_ENTRIES_MAX};

use super::bug::Bug;
use super::told::{Asked, Counts, Message, Said, Told};

/// Admissions of one line in one tick.
const ADMISSIONS_MAX: usize = 3;

/// A running process.
pub struct Gateway {
    bug: Option<Bug>,
    university: University,
    journal: Box<dyn Journal>,
    epoch: u32,
    lines: Vec<Line>,
    /// When a paced line may admit next.
    paced: Vec<u64>,
    /// Encoded records that the disk has not been given.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The last record that it has been given.
    written: u64,
    outbox: VecDeque<Told>,
    /// By student: her session.
    sessions: Vec<Option<u32>>,
    /// The newest that she ever had: one that ended does not come back.
    newest: Vec<u32>,
    counts: Counts,
    /// What a bug lets out at once, or remembers.
    leaks: Vec<Told>,
    stale: Vec<Quote>,
    turns: u64,
    unsynced: Vec<Record>,
    kept: Vec<SectionId>,
    latest: u64,
}

/// The process stops: the disk failed.
#[derive(Debug)]
pub struct Stopped;

impl Gateway {
    /// Starts on what the disk has. `torn`: records that the process before had not synced.
    pub fn start(disk: &mut Disk, bug: Option<Bug>, torn: &[Record]) -> Result<Self, String> {
        if bug == Some(Bug::AcknowledgedDropped) && !torn.is_empty() {
            bend::drop_last(disk)?;
        }
        let journal = disk.open().map_err(|e| e.to_string())?;
        let removed = journal.removed_tail().is_some();
        let recovered = recover(Box::new(journal)).map_err(|e| e.to_string())?;
        if let Some(violation) = recovered.violations.first() {
            return Err(format!("{violation:?}"));
        }
        let university = recovered.university;
        let written = university.registry.sequence.0;
        let mut counts = [0; 11];
        for count in counted(&university) {
            shown::add(&mut counts, &count);
        }
        let raised = u32::from(bug != Some(Bug::EpochNotRaised));
        let mut gateway = Self {
            bug,
            epoch: university.registry.epoch + raised,
            university,
            journal: recovered.journal,
            lines: Vec::new(),
            paced: Vec::new(),
            bytes: Vec::new(),
            ends: Vec::new(),
            written,
            outbox: VecDeque::new(),
            sessions: Vec::new(),
            newest: Vec::new(),
            counts,
            leaks: Vec::new(),
            stale: Vec::new(),
            turns: 0,
            unsynced: Vec::new(),
            kept: Vec::new(),
            latest: 0,
        };
        gateway.bend_start(if removed { torn } else { &[] });
        gateway.make_room();
        for window in 0..gateway.university.registry.windows.len() {
            gateway.lines[window] = gateway.line_of(window);
        }
        Ok(gateway)
    }

    /// The same process once more, on a copy of its disk. Nothing may be half way to it.
    pub fn fork(&self, disk: &Disk) -> Self {
        let journal = disk.open().expect("a copy of a sound disk opens");
        assert_eq!(journal.durable().0, self.written, "records are half way to the disk");
        Self {
            journal: Box::new(journal),
            university: self.university.clone(),
            lines: self.lines.clone(),
            paced: self.paced.clone(),
            bytes: self.bytes.clone(),
            ends: self.ends.clone(),
            outbox: self.outbox.clone(),
            sessions: self.sessions.clone(),
            newest: self.newest.clone(),
            leaks: self.leaks.clone(),
            stale: self.stale.clone(),
            unsynced: self.unsynced.clone(),
            kept: self.kept.clone(),
            ..*self
        }
    }

    /// What a stopped process left undone.
    pub fn recover(&mut self, now: Timestamp) {
        let turn = Turn::recovery(&self.university.registry);
        self.run(turn, now, None);
    }

    pub const fn registry(&self) -> &Registry {
        &self.university.registry
    }

    pub fn reader(&self) -> JournalReader {
        self.journal.reader()
    }

    /// Whether records wait for the disk.
    pub fn has_pending(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Whether the disk was given records that it has not synced.
    pub fn has_unsynced(&self) -> bool {
        self.written > self.journal.durable().0
    }

    /// Whether nothing waits to be told.
    pub fn has_told_all(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Her session ended.
    pub fn disconnect(&mut self, student: u32) {
        if let Some(session) = self.sessions.get_mut(student as usize) {
            *session = None;
        }
    }

    /// Does what a message asks.
    pub fn handle(&mut self, message: &Message, now: Timestamp) {
        let Message { n, student, asked } = message;
        let registry = &self.university.registry;
        // Sent before a crash that took an import along: she, or the section, is not there.
        let unknown = match asked {
            Asked::Command(_) | Asked::Counts => None,
            Asked::Seats(section) => {
                let known = (*section as usize) < self.university.sections.len();
                (!known).then_some("unknown_section")
            }
            _ if student.is_some_and(|s| s as usize >= registry.students.len()) => {
                Some("unknown_student")
            }
            _ => None,
        };
        if let Some(unknown) = unknown {
            return self.tell(Some(*n), *student, None, Said::Rejected(unknown));
        }
        match asked {
            Asked::Command(command) => self.command(command.clone(), now, (*n, *student)),
            Asked::View { after, connection } => {
                let student = student.unwrap_or_default();
                if *connection > self.newest[student as usize] {
                    self.newest[student as usize] = *connection;
                    self.sessions[student as usize] = Some(*connection);
                }
                let said = Said::View(Box::new(self.view(student, *after)));
                self.tell(Some(*n), Some(student), Some(*connection), said);
            }
            Asked::Seats(section) => {
                let section = *section;
                let said = Said::Seats { section, seats: self.seats(section) };
                self.tell(Some(*n), *student, None, said);
            }
            Asked::Position(window) => {
                let window = *window;
                let place = self.place(student.unwrap_or_default(), window);
                self.tell(Some(*n), *student, None, Said::Position { window, place });
            }
            Asked::Counts => {
                let said = Said::Counts(Box::new(self.counts));
                self.tell(Some(*n), *student, None, said);
            }
        }
    }

    fn command(&mut self, mut command: Command, now: Timestamp, asked: (u32, Option<u32>)) {
        if let Command::Submit { window, queue, .. } = &mut command
            && let Some(window) = self.university.registry.window(*window)
        {
            *queue = window.waiting > 0 || window.rules.pace.is_some() || window.paused;
            *queue &= self.bug != Some(Bug::LineBypassed);
        }
        match self.bug {
            None => self.run(Turn::new(command), now, Some(asked)),
            Some(bug) => self.bend_command(bug, command, now, asked),
        }
    }

    /// Runs a turn to its end; the first step answers whoever asked.
    fn run(&mut self, mut turn: Turn, now: Timestamp, mut asked: Option<(u32, Option<u32>)>) {
        let mut first = true;
        self.turns += 1;
        while !turn.is_done() {
            if !first && self.bug == Some(Bug::NobodyPromoted) {
                break;
            }
            first = false;
            let ids = turn.sections(&self.university.registry);
            let quotes = match self.bug {
                None => self.university.quotes(&ids),
                Some(bug) => self.bend_quotes(bug, &ids),
            };
            let verdict = turn.step(&self.university.registry, &quotes);
            let said = match verdict {
                Ok(Verdict::Events(events)) => {
                    let what = events.last().map(answer_of);
                    for event in events {
                        let event = match self.bug {
                            None => event,
                            Some(bug) => self.bend_event(bug, event, &quotes),
                        };
                        self.commit(&mut turn, event, now);
                    }
                    asked.map(|_| self.answer(what.unwrap_or(Answer::Done)))
                }
                other => asked.map(|_| answer(other)),
            };
            if let (Some((n, student)), Some(said)) = (asked.take(), said) {
                self.tell(Some(n), student, None, said);
            }
        }
        if self.bug == Some(Bug::StaleQuote) && self.turns.is_multiple_of(2) {
            self.stale = self.university.sections.iter().map(Section::quote).collect();
        }
    }

    fn answer(&self, what: Answer) -> Said {
        match what {
            Answer::Done => Said::Done,
            Answer::InLine(window, ticket) => Said::InLine { window, ticket },
            Answer::Decided(student, request) => {
                let memo = self.university.registry.memo(student, request);
                match memo.and_then(|memo| memo.decided.as_ref()) {
                    Some((sequence, outcomes)) => Said::Outcomes {
                        request,
                        sequence: sequence.0,
                        outcomes: self.bend_outcomes(outcomes),
                    },
                    None => Said::Done,
                }
            }
        }
    }

    /// Numbers and encodes the event, then applies it.
    fn commit(&mut self, turn: &mut Turn, event: Event, now: Timestamp) {
        let registry = &self.university.registry;
        turn.before_apply(registry, &event);
        let record = turn.number(registry, event, self.epoch, now);
        let encoded = record::encode(&record, &mut self.bytes);
        assert!(encoded.is_ok(), "a record of this small university fits");
        self.ends.push(self.bytes.len());
        self.university.apply(&record);
        for count in tell::counts(&record.event) {
            shown::add(&mut self.counts, &count);
        }
        self.note_lines(&record.event);
        self.push_news(&record);
        if let Some(bug) = self.bug {
            self.bend_applied(bug, record);
        }
    }

    fn make_room(&mut self) {
        let registry = &self.university.registry;
        self.sessions.resize(registry.students.len(), None);
        self.newest.resize(registry.students.len(), 0);
        self.lines.resize_with(registry.windows.len(), Line::default);
        self.paced.resize(registry.windows.len(), 0);
    }

    fn note_lines(&mut self, event: &Event) {
        match event {
            Event::TicketTaken { window, ticket, .. }
                if self.university.registry.windows[window.index()].opened_at.is_some() =>
            {
                self.lines[window.index()].push(*ticket);
            }
            Event::TicketLeft(window, ticket) => self.lines[window.index()].leave(*ticket),
            Event::Decided { via: Via::Ticket(window, ticket), .. } => {
                self.lines[window.index()].serve(*ticket);
            }
            Event::WindowOpened(window)
            | Event::WindowClosed(window)
            | Event::WindowReset { window, .. } => {
                self.lines[window.index()] = self.line_of(window.index());
            }
            Event::ImportApplied { .. } => self.make_room(),
            _ => {}
        }
    }

    /// What the record puts into message centres, to those who are connected.
    fn push_news(&mut self, record: &Record) {
        let registry = &self.university.registry;
        let everyone = matches!(
            record.event,
            Event::CapacitySet(..)
                | Event::StatusSet(..)
                | Event::WindowClosed(_)
                | Event::ImportApplied { .. }
        );
        if let Event::Decided { student, request, via, .. } = &record.event {
            if let (Via::Ticket(..), Some(Some(connection))) =
                (via, self.sessions.get(student.index()))
            {
                let (student, connection) = (*student, *connection);
                let said = self.answer(Answer::Decided(student, *request));
                self.tell(None, Some(student.0), Some(connection), said);
            }
            return;
        }
        let all = 0..if everyone { registry.students.len() as u32 } else { 0 };
        let named = record.students.iter().map(|(student, _)| student.0);
        for student in named.chain(all).collect::<Vec<_>>() {
            let Some(connection) = self.sessions[student as usize] else { continue };
            let inbox = &self.university.registry.students[student as usize].inbox;
            let new = inbox.iter().rev().take_while(|i| i.sequence == record.sequence).count();
            let items: Vec<_> = inbox[inbox.len() - new..]
                .iter()
                .filter(|item| !matches!(item.notice, Notice::Outcome { .. }))
                .filter_map(shown::item)
                .collect();
            for item in items {
                for _ in 0..self.bend_times(item) {
                    self.tell(None, Some(student), Some(connection), Said::Item(item));
                }
            }
        }
    }

    /// Holds what is to be told until what it rests on is on disk.
    fn tell(&mut self, re: Option<u32>, student: Option<u32>, connection: Option<u32>, said: Said) {
        let as_of = self.university.registry.sequence.0;
        let told = Told { as_of, re, student, connection, said };
        let read = matches!(told.said, Said::Seats { .. } | Said::View(_) | Said::Position { .. });
        match self.bug {
            Some(Bug::ReadBypassesGate) if read => self.leaks.push(told),
            Some(Bug::AnswerLost) if re.is_some_and(|n| n % 64 == 5) => {}
            _ => self.outbox.push_back(told),
        }
    }

    /// What leaves although nothing was synced: nothing, but for a bug.
    pub fn leaks(&mut self) -> Vec<Told> {
        if self.bug == Some(Bug::AckBeforeSync) {
            let written = self.written;
            while self.outbox.front().is_some_and(|told| told.as_of <= written) {
                self.leaks.extend(self.outbox.pop_front());
            }
        }
        std::mem::take(&mut self.leaks)
    }

    /// The next output that rests on what is durable, and whether its session still hears it.
    pub fn let_out(&mut self) -> Option<(Told, bool)> {
        let durable = self.journal.durable().0;
        self.outbox.front().filter(|told| told.as_of <= durable)?;
        let told = self.outbox.pop_front()?;
        let session = told.student.and_then(|s| self.sessions.get(s as usize).copied().flatten());
        let heard = told.connection.is_none() || told.connection == session;
        Some((told, heard))
    }

    /// Hands the disk records that wait: so many, or all that fit in a commit.
    pub fn write(&mut self, most: Option<usize>) -> Result<(), Stopped> {
        if self.has_unsynced() {
            return Ok(());
        }
        let count = most.unwrap_or(usize::MAX).min(self.ends.len());
        if count == 0 {
            return Ok(());
        }
        let mut buffer = RecordBuffer::starting_at(Sequence(self.written + 1));
        let mut from = 0;
        for end in &self.ends[..count] {
            let pushed = buffer.push(&self.bytes[from..*end]);
            assert!(pushed.is_ok(), "a record that was encoded fits");
            from = *end;
        }
        let staged = self.journal.append(buffer.records()).map_err(|_| Stopped)?;
        let taken = count - staged.rest.len() as usize;
        self.written += taken as u64;
        let gone = self.ends[taken - 1];
        self.bytes.drain(..gone);
        self.ends.drain(..taken);
        self.ends.iter_mut().for_each(|end| *end -= gone);
        Ok(())
    }

    /// The disk makes durable what it was given.
    pub fn sync(&mut self) -> Result<(), Stopped> {
        if self.has_unsynced() {
            self.journal.flush().map_err(|_| Stopped)?;
            let durable = self.journal.durable();
            self.unsynced.retain(|record| record.sequence > durable);
        }
        Ok(())
    }

    /// Records that the disk was given and has not synced; kept for a bug alone.
    pub fn take_unsynced(&mut self) -> Vec<Record> {
        let written = self.written;
        self.unsynced.retain(|record| record.sequence.0 <= written);
        std::mem::take(&mut self.unsynced)
    }

    /// Makes a snapshot as the background reader does; after so many pieces it stops.
    pub fn snapshot(&mut self, stop_after: Option<u8>) -> Result<(), String> {
        let reader = self.journal.reader();
        let last = reader.durable();
        let text = |e: sluis::journal::JournalError| e.to_string();
        let mut university = past::fold_up_to(&reader, last, || true).map_err(text)?.university;
        if self.bug == Some(Bug::SnapshotSkipsRecord) {
            university = bend::without_last_decision(&reader)?;
        }
        let mut bytes = Vec::new();
        let Ok(()) = write_state::<std::convert::Infallible>(&university, &mut |some| {
            bytes.extend_from_slice(some);
            Ok(())
        });
        let chunk = JOURNAL_ENTRY_BYTES_MAX - 16;
        self.journal.snapshot_begin(last).map_err(text)?;
        let mut index = 0_u32;
        for (piece, part) in bytes.chunks(chunk * SNAPSHOT_COMMIT_ENTRIES_MAX).enumerate() {
            if stop_after.is_some_and(|after| usize::from(after) <= piece) {
                return Ok(());
            }
            self.journal.snapshot_put(last, index, part).map_err(text)?;
            self.journal.flush().map_err(text)?;
            index += part.len().div_ceil(chunk) as u32;
        }
        if stop_after.is_some() {
            return Ok(());
        }
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(&bytes).into();
        let length = bytes.len() as u64;
        let manifest = Manifest { sequence: last, bytes: length, chunks: index, digest };
        self.journal.snapshot_finish(&manifest).map_err(text)?;
        while self.journal.snapshot_prune().map_err(text)? {
            self.journal.flush().map_err(text)?;
        }
        Ok(())
    }

    /// The lines look at the clock and at their next tickets; how many turns that made.
    pub fn tick(&mut self, now: Timestamp, steady: u64) -> u32 {
        self.latest = self.latest.max(now.0);
        let mut turns = 0;
        for window in 0..self.lines.len() {
            turns += u32::from(self.keep_time(window, now));
            for _ in 0..ADMISSIONS_MAX {
                if !self.admit(window, now, steady) {
                    break;
                }
                turns += 1;
            }
        }
        turns
    }

    fn keep_time(&mut self, window: usize, now: Timestamp) -> bool {
        let state = &self.university.registry.windows[window];
        let looks = match self.bug {
            Some(Bug::ClockClosesEarly) => Timestamp(self.latest),
            _ => now,
        };
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= looks);
        let id = WindowId(window as u32);
        use sluis::domain::window::WindowState;
        let command = match state.state {
            WindowState::Planned if due(state.rules.opens_at) => Command::Open(id),
            WindowState::Open if due(state.rules.closes_at) => Command::Close(id),
            _ => return false,
        };
        self.run(Turn::new(command.by(Author::gateway(BY_SCHEDULE))), now, None);
        true
    }

    fn admit(&mut self, window: usize, now: Timestamp, steady: u64) -> bool {
        let state = &self.university.registry.windows[window];
        let paused = state.paused && self.bug != Some(Bug::PausedWindowAdmits);
        let line = &self.lines[window];
        if !line.is_open() || paused || line.is_empty() {
            return false;
        }
        if let Some(pace) = state.rules.pace {
            if steady < self.paced[window] {
                return false;
            }
            self.paced[window] = steady + 1_000 / u64::from(pace.max(1));
        }
        let next = match self.bug {
            Some(Bug::TicketsCrossed) => line.waiting().nth(1).or_else(|| line.waiting().next()),
            _ => line.waiting().next(),
        };
        let Some(ticket) = next else { return false };
        let was = self.university.registry.windows[window].paused;
        if self.bug == Some(Bug::PausedWindowAdmits) {
            self.university.registry.windows[window].paused = false;
        }
        self.run(Turn::new(Command::Admit(WindowId(window as u32), ticket)), now, None);
        self.university.registry.windows[window].paused = was;
        true
    }
}

/// How a command is answered once its events are committed.
enum Answer {
    Decided(StudentId, RequestId),
    InLine(u32, u32),
    Done,
}

fn answer_of(event: &Event) -> Answer {
    match event {
        Event::Decided { student, request, .. } => Answer::Decided(*student, *request),
        Event::TicketTaken { window, ticket, .. } => Answer::InLine(window.0, ticket.0),
        _ => Answer::Done,
    }
}

fn answer(verdict: Result<Verdict, Rejection>) -> Said {
    match verdict {
        Ok(Verdict::Repeat(sequence, outcomes)) => {
            // The request is named by the message that it answers.
            let request = RequestId::default();
            Said::Outcomes { request, sequence: sequence.0, outcomes }
        }
        Ok(Verdict::InLine(window, ticket)) => Said::InLine { window: window.0, ticket: ticket.0 },
        Ok(Verdict::Events(_) | Verdict::Nothing) => Said::Done,
        Err(rejection) => Said::Rejected(rejection.key()),
    }
}
