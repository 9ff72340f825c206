//! A schedule: steps that mean something whatever came before them, so that any of them can be
//! left out of a story. Numbers are taken modulo what is there.

use super::random::Random;
use super::world::Change;

/// One course of a plan: 0 any, 1 and 2 the section, 3 the second before the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Want {
    pub course: u8,
    pub parts: [u8; 2],
    pub waits: bool,
}

/// A plan of up to three courses; none twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wants {
    pub count: u8,
    pub of: [Want; 3],
}

/// What a student asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    Plan(Wants),
    Arm(u8),
    Disarm(u8),
    Submit(u8, Option<Wants>),
    Drop(u8),
    Leave(u8),
    Swap(u8, Want),
    MarkRead,
    Prefer(bool),
    Seats(u8),
    Position(u8),
}

impl Ask {
    /// Whether it goes under a request id.
    pub const fn is_request(self) -> bool {
        matches!(
            self,
            Self::Arm(_) | Self::Submit(..) | Self::Drop(_) | Self::Leave(_) | Self::Swap(..)
        )
    }
}

/// What the registrar does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Open(u8),
    Close(u8),
    Pause(u8),
    Resume(u8),
    Pace(u8, Option<u8>),
    /// Opens and closes so many milliseconds from now.
    Schedule(u8, Option<u16>, Option<u16>),
    Reset(u8),
    Capacity(u8, Option<u8>),
    Status(u8, u8),
    Place {
        student: u8,
        course: u8,
        parts: [u8; 2],
        moved: bool,
        over: bool,
        force: bool,
    },
    Remove(u8, u8),
    Block(u8, bool, bool),
    Announce,
    Import(Change),
    Counts,
}

/// How a message gets to the gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Direct,
    /// Waits on the bus.
    Bus,
    /// Arrives, and waits on the bus a second time.
    Twice,
}

/// What a power cut leaves of an unsynced commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    Nothing,
    Everything,
    Entries(u8),
    HalfEntry(u8),
}

/// One step of a schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Ask(u8, Ask, Way),
    /// An earlier request of hers once more, or its id with another body.
    Again(u8, u8, Option<Ask>, Way),
    /// A new session in place of the one before.
    Connect(u8, Way),
    Disconnect(u8),
    Act(Act),
    /// The bus delivers a message, copies one, loses one.
    Deliver(u8),
    Copy(u8),
    Lose(u8),
    /// Time passes.
    Wait(u16),
    /// The wall clock jumps.
    Jump(i32),
    /// The lines look at the clock and at their next tickets.
    Tick,
    /// So many waiting records, or all, are handed to the disk.
    Write(Option<u8>),
    /// The disk has them, and what rests on them is told; the clients hear what the mask says.
    Sync(u8),
    /// The next write, or sync, fails: the process stops.
    FailWrite,
    FailSync,
    /// The process dies.
    Kill,
    /// The power goes.
    Cut(Left),
    /// The disk has them, so much is told, the power goes.
    CutWhileTelling(u8),
    /// A snapshot is made; interrupted by a power cut after so many pieces.
    Snapshot(Option<u8>),
}

impl Step {
    /// Whether the process dies of it.
    pub const fn kills(self) -> bool {
        matches!(self, Self::FailWrite | Self::FailSync | Self::Kill) || self.cuts()
    }

    /// Whether the power goes.
    pub const fn cuts(self) -> bool {
        matches!(self, Self::Cut(_) | Self::CutWhileTelling(_) | Self::Snapshot(Some(_)))
    }
}

fn want(random: &mut Random) -> Want {
    let mut part = || random.byte(4) & random.byte(4);
    let parts = [part(), part()];
    Want { course: random.byte(8), parts, waits: random.permille(650) }
}

fn wants(random: &mut Random) -> Wants {
    let count = 1 + (random.byte(3) & random.byte(3));
    Wants { count, of: [want(random), want(random), want(random)] }
}

fn ask(random: &mut Random, begun: bool) -> Ask {
    let window = u8::from(random.permille(200));
    if !begun && random.permille(700) {
        return match random.below(10) {
            0..=4 => Ask::Plan(wants(random)),
            5..=8 => Ask::Arm(window),
            _ => Ask::Disarm(window),
        };
    }
    match random.below(100) {
        0..=9 => Ask::Plan(wants(random)),
        10..=15 => Ask::Arm(window),
        16 => Ask::Disarm(window),
        17..=46 => {
            let plan = (!random.permille(200)).then(|| wants(random));
            Ask::Submit(window, plan)
        }
        47..=66 => Ask::Drop(random.byte(8)),
        67..=71 => Ask::Leave(random.byte(8)),
        72..=83 => Ask::Swap(random.byte(8), want(random)),
        84..=85 => Ask::MarkRead,
        86 => Ask::Prefer(random.permille(500)),
        87..=93 => Ask::Seats(random.byte(255)),
        _ => Ask::Position(window),
    }
}

fn way(random: &mut Random) -> Way {
    match random.below(20) {
        0..=15 => Way::Direct,
        16..=18 => Way::Bus,
        _ => Way::Twice,
    }
}

fn act(random: &mut Random, late: bool) -> Act {
    let window = random.byte(2);
    let student = random.byte(32);
    match random.below(100) {
        0..=7 => Act::Open(window),
        8 if late => Act::Close(window),
        8..=11 => Act::Pause(window),
        12..=21 => Act::Resume(window),
        22..=24 => Act::Pace(window, random.permille(300).then(|| 1 + random.byte(40))),
        25..=27 => {
            let opens = random.permille(500).then(|| random.below(3_000) as u16);
            let closes = random.permille(200).then(|| random.below(60_000) as u16);
            Act::Schedule(window, opens, closes)
        }
        28 if late => Act::Reset(window),
        28..=48 => {
            let seats = (!random.permille(50)).then(|| random.byte(5));
            Act::Capacity(random.byte(255), seats)
        }
        49..=54 => Act::Status(random.byte(255), random.byte(4) & random.byte(4)),
        55..=72 => Act::Place {
            student,
            course: random.byte(8),
            parts: [random.byte(4), random.byte(4)],
            moved: random.permille(400),
            over: random.permille(300),
            force: random.permille(400),
        },
        73..=81 => Act::Remove(student, random.byte(8)),
        82..=87 => Act::Block(student, random.permille(500), random.permille(400)),
        88..=89 => Act::Announce,
        90..=93 => Act::Import(file_change(random)),
        _ => Act::Counts,
    }
}

fn file_change(random: &mut Random) -> Change {
    let n = random.byte(32);
    match random.below(8) {
        0..=1 => Change::Capacity(n, random.byte(7)),
        2 => Change::Section(n, random.byte(3)),
        3 => Change::Blocks(n),
        4 => Change::Completed(n),
        5..=6 => Change::Credits(n, random.byte(4)),
        _ => Change::Student(random.permille(700)),
    }
}

/// Chooses the steps of one episode.
pub struct Chooser {
    random: Random,
    /// How often the process dies, in 10,000 steps.
    deaths: u32,
    /// Steps between two commits, about.
    group: u32,
    written: bool,
    stalled: u32,
    opened: bool,
}

impl Chooser {
    pub fn new(mut random: Random) -> Self {
        let deaths = random.pick(&[6, 12, 18, 24]);
        let group = random.pick(&[2, 6, 12, 30]);
        let opened = random.permille(100);
        Self { random, deaths, group, written: false, stalled: 0, opened }
    }

    /// The next step; `progress` is in thousandths of the episode.
    pub fn next(&mut self, progress: u32) -> Step {
        if progress >= 80 && !std::mem::replace(&mut self.opened, true) {
            return Step::Act(Act::Open(0));
        }
        let random = &mut self.random;
        if self.stalled > 0 {
            self.stalled -= 1;
        } else if random.below(self.group) == 0 {
            return self.commit();
        }
        if random.below(10_000) < self.deaths {
            self.written = false;
            return Self::death(random);
        }
        let student = random.byte(32);
        match random.below(1000) {
            0..=599 => Step::Ask(student, ask(random, progress > 80), way(random)),
            600..=659 => {
                let other = random.permille(250).then(|| ask(random, true));
                Step::Again(student, random.byte(4), other, way(random))
            }
            660..=689 => Step::Connect(student, way(random)),
            690..=694 => Step::Disconnect(student),
            695..=764 => Step::Act(act(random, progress > 700)),
            765..=829 => Step::Deliver(random.byte(255)),
            830..=839 => Step::Copy(random.byte(255)),
            840..=844 => Step::Lose(random.byte(255)),
            845..=889 => {
                let most = random.pick(&[50, 400, 4_000]);
                Step::Wait(random.below(most) as u16)
            }
            890..=893 => {
                // Now and then an hour, as when somebody sets the wrong time zone.
                let most = if random.permille(150) { 3_600_000 } else { 20_000 };
                Step::Jump(random.below(2 * most + 1) as i32 - most as i32)
            }
            894..=895 => Step::Snapshot(random.permille(100).then(|| random.byte(4))),
            _ => Step::Tick,
        }
    }

    fn commit(&mut self) -> Step {
        let random = &mut self.random;
        if self.written {
            if random.permille(3) {
                self.stalled = 40 + random.below(100);
                return Step::Wait(1_000);
            }
            self.written = false;
            return Step::Sync(if random.permille(800) { 255 } else { random.byte(255) });
        }
        self.written = true;
        Step::Write(random.permille(60).then(|| random.byte(6)))
    }

    /// A way for the process to end.
    pub fn death(random: &mut Random) -> Step {
        match random.below(20) {
            0..=2 => Step::Kill,
            3 => Step::FailWrite,
            4 => Step::FailSync,
            5..=7 => Step::CutWhileTelling(random.byte(8)),
            8..=10 => Step::Cut(Left::Nothing),
            11..=13 => Step::Cut(Left::Everything),
            14..=15 => Step::Cut(Left::Entries(random.byte(2))),
            _ => Step::Cut(Left::HalfEntry(random.byte(2))),
        }
    }
}
