//! The real actors under a seeded schedule: Registrar, sections, lines, gate, messenger, hubs and
//! the journal's writer, over the in-memory disk with its faults, on one thread whose time stands
//! still unless it is moved. Each life of the process is a system of its own; the auditor outlives
//! them.

mod process;

use std::time::Duration;

use sluis::domain::command::Command;
use sluis::domain::ids::Timestamp;
use sluis::domain::import::Draft;
use sluis::journal::memory::{Disk, Torn};

use super::audit::{Auditor, Violation};
use super::random::{Digest, Random};
use super::scene::{Scene, request_id};
use super::step::{Act, Chooser, Step};
use super::told::Asked;
use super::world::{self, START_MS};
use process::Process;

/// Commands on their way at once, at most.
const BATCH_MAX: u32 = 8;
/// A process lives for about so many steps.
const DEATHS_ONE_IN: u32 = 60;
/// Commands between two looks at everything that can be read.
const LOOK_EVERY: u32 = 32;

/// How a life ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// Nothing more to do.
    Rest,
    Kill,
    /// The power goes; what was not synced is gone.
    Cut,
}

/// What outlives a process.
struct Flow {
    random: Random,
    chooser: Chooser,
    disk: Disk,
    auditor: Auditor,
    file: Draft,
    wall: u64,
    sent: u32,
    requests: u32,
    /// Her requests by student, to be sent again.
    earlier: Vec<Vec<Command>>,
    operations: u32,
    most: u32,
    lives: u32,
    trace: Digest,
}

fn paused<T>(work: impl Future<Output = T>) -> T {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().expect("a runtime starts")
    };
    actix::System::with_tokio_rt(runtime).block_on(work)
}

/// A run of so many operations: how many lives it took, and the trace of what came on disk.
fn flow(seed: u64, operations: u32) -> Result<(u32, Digest), Violation> {
    let mut file = world::draft(&mut Random::new(seed));
    // A pace is kept by the machine's own monotonic clock, which no test can move.
    file.windows.iter_mut().for_each(|(_, rules)| rules.pace = None);
    let mut flow = Flow {
        random: Random::new(seed ^ 0xf10f),
        chooser: Chooser::new(Random::new(seed ^ 0xc400)),
        disk: Disk::new(),
        auditor: Auditor::new(),
        file,
        wall: START_MS,
        sent: 0,
        requests: 0,
        earlier: Vec::new(),
        operations: 0,
        most: operations,
        lives: 0,
        trace: Digest::new(),
    };
    loop {
        flow.lives += 1;
        match paused(flow.live())? {
            End::Rest => return Ok((flow.lives, flow.trace)),
            End::Kill => {}
            End::Cut => flow.disk.crash(Torn::Nothing),
        }
    }
}

impl Flow {
    /// One life of the process.
    async fn live(&mut self) -> Result<End, Violation> {
        let mut process = Process::start(&self.disk, Timestamp(self.wall))?;
        self.auditor.restarted(&process.reader)?;
        self.read_disk(&process)?;
        self.auditor.started()?;
        process.rest().await;
        self.read_disk(&process)?;
        if self.lives == 1 {
            let import = Command::Import(std::sync::Arc::new(self.file.clone()));
            self.send(&mut process, import);
            self.hear(&mut process).await?;
        }
        process.connect_some(&mut self.random);
        self.hear(&mut process).await?;
        let mut looked = self.operations;
        while self.operations < self.most {
            let step = match self.random.below(DEATHS_ONE_IN) {
                0 => Chooser::death(&mut self.random),
                _ => self.chooser.next(self.operations * 1_000 / self.most),
            };
            match step {
                _ if step.kills() => return self.die(&mut process, step).await,
                Step::Sync(_) => {
                    self.answers(&mut process).await?;
                    if self.operations >= looked + LOOK_EVERY {
                        looked = self.operations;
                        self.hear(&mut process).await?;
                    }
                }
                Step::Wait(ms) => self.wait(&mut process, u64::from(ms)).await?,
                Step::Tick => self.wait(&mut process, 60).await?,
                // Back, too: the clock that the process reads is moved by hand.
                Step::Jump(ms) => {
                    self.wall = self.wall.saturating_add_signed(i64::from(ms));
                    process.jump(i64::from(ms));
                }
                step => self.give(&mut process, step),
            }
            if process.in_flight() >= BATCH_MAX {
                self.answers(&mut process).await?;
            }
        }
        self.wait(&mut process, 2_000).await?;
        self.hear(&mut process).await?;
        self.auditor.at_rest(self.wall)?;
        Ok(End::Rest)
    }

    async fn wait(&mut self, process: &mut Process, ms: u64) -> Result<(), Violation> {
        self.answers(process).await?;
        self.wall += ms;
        process.jump(ms as i64);
        tokio::time::advance(Duration::from_millis(ms)).await;
        self.answers(process).await
    }

    /// Gives a command, if the step has one that a pace is no part of.
    fn give(&mut self, process: &mut Process, step: Step) {
        if matches!(step, Step::Act(Act::Pace(..))) {
            return;
        }
        let registry = process.registry();
        let scene = Scene(&registry);
        let (student, asked) = match step {
            Step::Ask(student, ask, _) => {
                let student = scene.student(student);
                self.requests += u32::from(ask.is_request());
                let asked = scene.ask(student, ask, request_id(self.requests), 0);
                (Some(student), asked)
            }
            Step::Again(student, back, other, _) => {
                let student = scene.student(student);
                let earlier = self.earlier.get(student as usize);
                let at = earlier.and_then(|all| all.len().checked_sub(1 + usize::from(back)));
                let Some(command) = at.map(|at| self.earlier[student as usize][at].clone()) else {
                    return;
                };
                let asked = match (other, command.request()) {
                    (Some(ask), Some((_, id, _))) => scene.ask(student, ask, id, 0),
                    _ => Asked::Command(command),
                };
                (Some(student), asked)
            }
            Step::Act(act) => {
                (None, scene.act(act, Timestamp(self.wall), self.sent, &mut self.file))
            }
            _ => return,
        };
        let Asked::Command(command) = asked else { return };
        if let (Some(student), true) = (student, command.request().is_some()) {
            let at = student as usize;
            if self.earlier.len() <= at {
                self.earlier.resize_with(at + 1, Vec::new);
            }
            self.earlier[at].push(command.clone());
        }
        self.send(process, command);
    }

    fn send(&mut self, process: &mut Process, command: Command) {
        self.auditor.sent(self.sent, &Asked::Command(command.clone()));
        process.send(self.sent, command);
        self.sent += 1;
        self.operations += 1;
    }

    fn read_disk(&mut self, process: &Process) -> Result<(), Violation> {
        let (auditor, trace) = (&mut self.auditor, &mut self.trace);
        let mut found = Ok(());
        let from = sluis::domain::ids::Sequence(auditor.seen() + 1);
        let read = process.reader.replay(from, &mut |sequence, bytes| {
            trace.bytes(bytes);
            if found.is_ok() {
                found = auditor.synced(sequence.0, bytes);
            }
            Ok(())
        });
        found?;
        read.map(|_| ()).map_err(|error| Violation::new("I9", error.to_string()))
    }

    /// Everything that was given is decided, synced and told: the auditor hears every answer.
    async fn answers(&mut self, process: &mut Process) -> Result<(), Violation> {
        process.quiet().await;
        self.read_disk(process)?;
        for (n, answer) in process.answers() {
            self.auditor.answered(n, &answer)?;
        }
        if process.in_flight() != 0 {
            let what = format!("{} commands were not answered", process.in_flight());
            return Err(Violation::new("I8", what));
        }
        Ok(())
    }

    /// The same, and every frame, and what can be read.
    async fn hear(&mut self, process: &mut Process) -> Result<(), Violation> {
        self.answers(process).await?;
        process.rest().await;
        self.read_disk(process)?;
        let shown = process.shown();
        self.auditor.shows(&shown)?;
        for (student, from, frames) in process.frames().await {
            self.auditor.framed(student, from, frames)?;
        }
        Ok(())
    }

    /// The disk stalls, a few commands come, nothing may be told; then the process ends, or the
    /// disk goes on.
    async fn die(&mut self, process: &mut Process, step: Step) -> Result<End, Violation> {
        self.hear(process).await?;
        let seats = process.seats();
        match step {
            Step::FailSync => self.disk.fail_next_flush(),
            Step::FailWrite => self.disk.fail_next_append(),
            _ => self.disk.stall(),
        }
        // What else a failing disk had been given by then depends on its thread: one command.
        let fails = matches!(step, Step::FailSync | Step::FailWrite);
        let most = if fails { 1 } else { 1 + self.random.below(BATCH_MAX) };
        while process.in_flight() < most {
            let step = self.chooser.next(500);
            if matches!(step, Step::Ask(..) | Step::Again(..) | Step::Act(_)) {
                self.give(process, step);
            }
        }
        process.spin(200).await;
        if fails {
            process.quiet().await;
        }
        // A refusal rests on nothing new and may be told; nothing else.
        for (n, answer) in process.answers() {
            self.auditor.answered(n, &answer)?;
        }
        if process.seats() != seats {
            return Err(Violation::new("I2", "seats were told while the disk stood".to_owned()));
        }
        if step.cuts() {
            return Ok(End::Cut);
        }
        if fails && !process.has_failed() {
            // The command wrote nothing: the fault must not wait for the next process.
            return Ok(End::Cut);
        }
        self.disk.resume();
        if !fails {
            self.hear(process).await?;
        }
        Ok(End::Kill)
    }
}

#[test]
fn the_actors_keep_the_promises() {
    let streams = 8;
    let most = super::operations() / 1_000;
    let most = u32::try_from(most / streams).unwrap_or(u32::MAX).clamp(50, 1_250);
    for stream in 0..streams {
        let seed = super::seed_of(3, stream, 0);
        match flow(seed, most) {
            Ok((lives, _)) => println!("seed {seed:#x}: {lives} lives"),
            Err(violation) => panic!("seed {seed:#x}: {violation}"),
        }
    }
}

#[test]
fn the_actors_trace_depends_on_the_seed_alone() {
    let trace = |seed| flow(seed, 100).unwrap_or_else(|violation| panic!("{violation}")).1;
    let (one, other) = (super::seed_of(4, 0, 0), super::seed_of(4, 1, 0));
    assert_eq!(trace(one), trace(one));
    assert_ne!(trace(one), trace(other));
}
