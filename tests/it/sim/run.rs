//! One run: a gateway, its disk, the bus, the clients and the clocks, step by step, with the
//! auditor looking on.

use std::sync::Arc;

use sluis::domain::command::Command;
use sluis::domain::ids::{RequestId, Sequence, Timestamp};
use sluis::domain::import::Draft;
use sluis::journal::memory::{Disk, Torn};

use super::audit::{Auditor, Shown, Violation};
use super::bug::Bug;
use super::gateway::Gateway;
use super::random::{Digest, Random};
use super::scene::{Scene, request_id};
use super::step::{Act, Ask, Left, Step, Way};
use super::told::{Asked, Message, Said, Told};
use super::world::{self, START_MS};

/// Messages on the bus; the oldest is delivered when there are more.
const BUS_MAX: usize = 24;

/// What a run came to.
#[derive(Clone, Copy, Default, Debug)]
pub struct Sums {
    /// Messages handled, tickets admitted, windows opened and closed on time.
    pub operations: u64,
    pub steps: u64,
    pub deaths: u64,
    pub cuts: u64,
    pub records: u64,
    pub told: u64,
}

impl Sums {
    pub const fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.steps += other.steps;
        self.deaths += other.deaths;
        self.cuts += other.cuts;
        self.records += other.records;
        self.told += other.told;
    }
}

/// What a client remembers.
#[derive(Clone, Default)]
struct Client {
    /// Her requests, to be sent again.
    requests: Vec<Command>,
    /// The last record that she was told of.
    heard: u64,
}

pub struct Run {
    disk: Disk,
    gateway: Gateway,
    auditor: Auditor,
    bug: Option<Bug>,
    file: Draft,
    bus: Vec<Message>,
    clients: Vec<Client>,
    sent: u32,
    requests: u32,
    connections: u32,
    /// Time that only passes, and what the wall clock differs by.
    steady: u64,
    offset: i64,
    pub sums: Sums,
    /// Of everything that was recorded and told.
    pub trace: Digest,
    /// What happened, in words, where somebody wants to read it.
    story: Option<Vec<String>>,
}

impl Run {
    /// The university of this seed, imported and on disk.
    pub fn new(seed: u64, bug: Option<Bug>, told: bool) -> Result<Self, Violation> {
        Self::over(world::draft(&mut Random::new(seed)), bug, told)
    }

    /// The university of this file, imported and on disk.
    pub fn over(file: Draft, bug: Option<Bug>, told: bool) -> Result<Self, Violation> {
        let mut disk = Disk::new();
        let gateway = Gateway::start(&mut disk, bug, &[]).map_err(Violation::start)?;
        let mut run = Self {
            disk,
            gateway,
            auditor: Auditor::new(),
            bug,
            file,
            bus: Vec::new(),
            clients: Vec::new(),
            sent: 0,
            requests: 0,
            connections: 0,
            steady: 0,
            offset: 0,
            sums: Sums::default(),
            trace: Digest::new(),
            story: told.then(Vec::new),
        };
        let import = Command::Import(Arc::new(run.file.clone()));
        run.send(None, Asked::Command(import), Way::Direct)?;
        run.write(None)?;
        run.sync(255, usize::MAX)?;
        run.sums = Sums::default();
        Ok(run)
    }

    /// The same run once more; from here on each goes its own way.
    pub fn fork(&self) -> Self {
        let disk = self.disk.copied();
        Self {
            gateway: self.gateway.fork(&disk),
            disk,
            auditor: self.auditor.clone(),
            file: self.file.clone(),
            bus: self.bus.clone(),
            clients: self.clients.clone(),
            story: self.story.clone(),
            ..*self
        }
    }

    /// What happened since this was last asked.
    pub fn take_story(&mut self) -> Vec<String> {
        self.story.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.story.is_none() {
            return;
        }
        let line = line(self);
        if let Some(story) = &mut self.story {
            story.push(line);
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp((START_MS + self.steady).saturating_add_signed(self.offset))
    }

    fn scene(&self) -> Scene<'_> {
        Scene(self.gateway.registry())
    }

    fn student(&self, n: u8) -> u32 {
        self.scene().student(n)
    }

    /// What a student asks, under a new request id unless one is given.
    fn asked(&mut self, student: u32, ask: Ask, request: Option<RequestId>) -> Asked {
        let request = request.unwrap_or_else(|| {
            self.requests += u32::from(ask.is_request());
            request_id(self.requests)
        });
        let heard = self.client(student).heard;
        self.scene().ask(student, ask, request, heard)
    }

    fn act(&mut self, act: Act) -> Result<(), Violation> {
        let (now, number) = (self.now(), self.sent);
        let asked = Scene(self.gateway.registry()).act(act, now, number, &mut self.file);
        self.send(None, asked, Way::Direct)
    }

    /// Carries out one step.
    pub fn step(&mut self, step: Step) -> Result<(), Violation> {
        self.sums.steps += 1;
        self.steady += 1;
        self.note(|_| format!("{step:?}"));
        match step {
            Step::Ask(student, ask, way) => {
                let student = self.student(student);
                let asked = self.asked(student, ask, None);
                if let Asked::Command(command) = &asked
                    && command.request().is_some()
                {
                    self.client(student).requests.push(command.clone());
                }
                self.send(Some(student), asked, way)
            }
            Step::Again(student, back, other, way) => self.again(student, back, other, way),
            Step::Connect(student, way) => {
                let student = self.student(student);
                self.connections += 1;
                let (after, connection) = (self.client(student).heard, self.connections);
                self.send(Some(student), Asked::View { after, connection }, way)
            }
            Step::Disconnect(student) => {
                let student = self.student(student);
                self.gateway.disconnect(student);
                self.auditor.disconnected(student);
                Ok(())
            }
            Step::Act(act) => self.act(act),
            Step::Deliver(n) => match self.bus.len() {
                0 => Ok(()),
                len => {
                    let message = self.bus.remove(usize::from(n) % len);
                    self.deliver(&message)
                }
            },
            Step::Copy(n) => {
                if let Some(message) = self.bus.get(usize::from(n) % self.bus.len().max(1)) {
                    let copy = message.clone();
                    self.bus.push(copy);
                }
                Ok(())
            }
            Step::Lose(n) => {
                if !self.bus.is_empty() {
                    self.bus.remove(usize::from(n) % self.bus.len());
                }
                Ok(())
            }
            Step::Wait(ms) => {
                self.steady += u64::from(ms);
                Ok(())
            }
            Step::Jump(ms) => {
                self.offset += i64::from(ms);
                Ok(())
            }
            Step::Tick => self.tick(),
            Step::Write(most) => self.write(most.map(usize::from)),
            Step::Sync(mask) => self.sync(mask, usize::MAX),
            _ => self.fail(step),
        }
    }

    fn client(&mut self, student: u32) -> &mut Client {
        let at = student as usize;
        if self.clients.len() <= at {
            self.clients.resize_with(at + 1, Client::default);
        }
        &mut self.clients[at]
    }

    fn again(&mut self, n: u8, back: u8, other: Option<Ask>, way: Way) -> Result<(), Violation> {
        let student = self.student(n);
        let requests = &self.client(student).requests;
        let at = requests.len().checked_sub(1 + usize::from(back));
        let Some(command) = at.and_then(|at| requests.get(at)) else { return Ok(()) };
        let asked = match (other, command.request()) {
            (Some(ask), Some((_, request, _))) => self.asked(student, ask, Some(request)),
            _ => Asked::Command(command.clone()),
        };
        self.send(Some(student), asked, way)
    }

    /// Sends a message on its way.
    fn send(&mut self, student: Option<u32>, asked: Asked, way: Way) -> Result<(), Violation> {
        let n = self.sent;
        self.sent += 1;
        self.auditor.sent(n, &asked);
        let message = Message { n, student, asked };
        if way != Way::Direct {
            self.bus.push(message.clone());
        }
        if self.bus.len() > BUS_MAX {
            let oldest = self.bus.remove(0);
            self.deliver(&oldest)?;
        }
        match way {
            Way::Bus => Ok(()),
            Way::Direct | Way::Twice => self.deliver(&message),
        }
    }

    fn deliver(&mut self, message: &Message) -> Result<(), Violation> {
        self.sums.operations += 1;
        self.note(|_| format!("  gateway gets {message:?}"));
        self.auditor.delivered();
        let now = self.now();
        self.gateway.handle(message, now);
        self.leaks()
    }

    fn leaks(&mut self) -> Result<(), Violation> {
        if self.bug.is_some() {
            for told in self.gateway.leaks() {
                self.told(&told, true)?;
            }
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<(), Violation> {
        let (now, steady) = (self.now(), self.steady);
        self.sums.operations += u64::from(self.gateway.tick(now, steady));
        self.leaks()
    }

    fn write(&mut self, most: Option<usize>) -> Result<(), Violation> {
        match self.gateway.write(most) {
            Ok(()) => self.leaks(),
            Err(_) => self.restart(None),
        }
    }

    /// The disk makes durable what it has; at most so much is told.
    fn sync(&mut self, mask: u8, most: usize) -> Result<(), Violation> {
        if self.gateway.sync().is_err() {
            return self.restart(None);
        }
        self.read_disk()?;
        let mut count = 0_usize;
        while count < most {
            let Some((told, current)) = self.gateway.let_out() else { break };
            if !current {
                self.auditor.unheard(told.re);
                continue;
            }
            let heard = mask & (1 << (count % 8)) != 0;
            self.told(&told, heard)?;
            count += 1;
        }
        if !self.gateway.has_pending() && self.gateway.has_told_all() {
            self.auditor.all_told()?;
        }
        Ok(())
    }

    /// The auditor reads what the disk has that it has not seen.
    fn read_disk(&mut self) -> Result<(), Violation> {
        let reader = self.gateway.reader();
        let auditor = &mut self.auditor;
        let (trace, sums) = (&mut self.trace, &mut self.sums);
        let mut story = self.story.as_mut();
        let mut found = Ok(());
        let read = reader.replay(Sequence(auditor.seen() + 1), &mut |sequence, bytes| {
            trace.bytes(bytes);
            sums.records += 1;
            if let Some(story) = &mut story {
                story.push(format!("  on disk {}", super::story::record(bytes)));
            }
            if found.is_ok() {
                found = auditor.synced(sequence.0, bytes);
            }
            Ok(())
        });
        found?;
        read.map(|_| ()).map_err(|error| Violation::new("I9", error.to_string()))
    }

    fn told(&mut self, told: &Told, heard: bool) -> Result<(), Violation> {
        self.sums.told += 1;
        self.trace.number(told.as_of);
        self.note(|_| format!("  told {told:?}{}", if heard { "" } else { " (lost on the way)" }));
        if let (true, Some(student)) = (heard, told.student) {
            let up_to = match &told.said {
                Said::View(_) => told.as_of,
                Said::Item(item) => item.sequence,
                _ => 0,
            };
            let client = self.client(student);
            client.heard = client.heard.max(up_to);
        }
        self.auditor.told(told)
    }

    /// Whatever ends the process.
    fn fail(&mut self, step: Step) -> Result<(), Violation> {
        self.sums.cuts += u64::from(step.cuts());
        match step {
            Step::FailWrite => {
                self.disk.fail_next_append();
                if self.gateway.has_unsynced() {
                    self.sync(255, usize::MAX)?;
                }
                let deaths = self.sums.deaths;
                self.write(None)?;
                if self.sums.deaths == deaths { self.restart(Some(Torn::Nothing)) } else { Ok(()) }
            }
            Step::FailSync => {
                self.write(None)?;
                self.disk.fail_next_flush();
                let deaths = self.sums.deaths;
                self.sync(255, usize::MAX)?;
                if self.sums.deaths == deaths { self.restart(Some(Torn::Nothing)) } else { Ok(()) }
            }
            Step::Cut(left) => self.restart(Some(match left {
                Left::Nothing => Torn::Nothing,
                Left::Everything => Torn::Everything,
                Left::Entries(n) => Torn::Changes(usize::from(n)),
                Left::HalfEntry(n) => Torn::HalfChange(usize::from(n)),
            })),
            Step::CutWhileTelling(n) => {
                self.write(None)?;
                self.sync(255, usize::from(n))?;
                self.restart(Some(Torn::Nothing))
            }
            Step::Snapshot(stop_after) => {
                self.sync(255, usize::MAX)?;
                let made = self.gateway.snapshot(stop_after);
                made.map_err(|error| Violation::new("I9", error))?;
                if stop_after.is_some() { self.restart(Some(Torn::Nothing)) } else { Ok(()) }
            }
            _ => self.restart(None),
        }
    }

    /// The process dies, of a power cut or by itself, and another starts.
    fn restart(&mut self, cut: Option<Torn>) -> Result<(), Violation> {
        self.sums.deaths += 1;
        let torn = self.gateway.take_unsynced();
        if let Some(left) = cut {
            self.disk.crash(left);
        }
        // The old process lets go of the disk before the next one takes it.
        let empty = Gateway::start(&mut Disk::new(), None, &[]).map_err(Violation::start)?;
        drop(std::mem::replace(&mut self.gateway, empty));
        self.gateway = Gateway::start(&mut self.disk, self.bug, &torn).map_err(Violation::start)?;
        self.note(|run| format!("  restarted at record {}", run.gateway.registry().sequence));
        self.auditor.restarted(&self.gateway.reader())?;
        self.read_disk()?;
        let shown = self.shown();
        self.auditor.came_back(&shown)?;
        self.forget_unknown();
        let now = self.now();
        self.gateway.recover(now);
        self.leaks()
    }

    /// What is under way, and what clients would send again, if it names what is no longer there.
    fn forget_unknown(&mut self) {
        let scene = Scene(self.gateway.registry());
        self.bus.retain(|message| scene.knows(&message.asked));
        for client in &mut self.clients {
            client.requests.retain(|command| scene.knows(&Asked::Command(command.clone())));
        }
    }

    fn shown(&self) -> Shown {
        let students = 0..self.gateway.registry().students.len() as u32;
        let sections = 0..self.gateway.registry().catalogue.sections.len() as u32;
        Shown {
            views: students.map(|student| self.gateway.view(student, 0)).collect(),
            seats: sections.map(|section| self.gateway.seats(section)).collect(),
            counts: *self.gateway.counts(),
        }
    }

    /// Everything comes to rest, and must be in order.
    pub fn settle(&mut self) -> Result<(), Violation> {
        self.note(|_| "everything comes to rest".to_owned());
        while let Some(message) = self.bus.pop() {
            self.deliver(&message)?;
        }
        for _ in 0..100 {
            self.steady += 2_000;
            let before = self.sums.operations;
            self.tick()?;
            if self.sums.operations == before {
                break;
            }
        }
        self.commit_all()?;
        for student in 0..self.gateway.registry().students.len() as u32 {
            self.connections += 1;
            let connection = self.connections;
            self.send(Some(student), Asked::View { after: 0, connection }, Way::Direct)?;
        }
        for section in 0..self.gateway.registry().catalogue.sections.len() as u32 {
            self.send(None, Asked::Seats(section), Way::Direct)?;
        }
        self.send(None, Asked::Counts, Way::Direct)?;
        self.commit_all()?;
        let now = self.now();
        self.auditor.at_rest(now.0)
    }

    fn commit_all(&mut self) -> Result<(), Violation> {
        self.sync(255, usize::MAX)?;
        while self.gateway.has_pending() {
            self.write(None)?;
            self.sync(255, usize::MAX)?;
        }
        self.sync(255, usize::MAX)
    }
}
