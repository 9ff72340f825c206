//! The demo university: put into an empty journal, and armed again whenever its rehearsal starts
//! over, so that the line is real with no second program.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::ServeError;
use crate::actors::gateway::{Answer, Denied, Gateway};
use crate::demo;
use crate::domain::command::Command;
use crate::domain::ids::{StudentId, WindowId};
use crate::domain::plan::Plan;
use crate::domain::registry::Registry;
use crate::domain::window::WindowState;
use crate::http::imports::Importers;
use crate::http::settings::Showcase;
use crate::protocol::convert;
use crate::protocol::files::{self, FileFault, Format};
use crate::protocol::server::TextView;

/// How many of the demo's students are armed at once.
const AT_ONCE: usize = 100;
/// How often a command is tried while the disk is slow; each waits as long as an answer may take.
const TRIES: u32 = 20;

/// Puts the demo in when `empty`, arms its students, and does so again after each reset.
pub async fn demo(gateway: &Gateway, empty: bool) -> Result<(), ServeError> {
    let failed = |denied: Denied| ServeError::Demo(format!("{denied:?}"));
    if empty {
        let draft = demo::draft(&mut random_seed);
        patiently(gateway, Command::Import(Arc::new(draft))).await.map_err(failed)?;
        read_all(gateway).await.map_err(failed)?;
    }
    arm_all(gateway).await.map_err(failed)?;
    actix::spawn(arm_after_reset(gateway.clone()));
    Ok(())
}

async fn patiently(gateway: &Gateway, command: Command) -> Result<Answer, Denied> {
    until_taken(async || gateway.command(command.clone()).await).await
}

/// A busy gateway has either not taken it, or the same again leads to the same.
async fn until_taken<T>(ask: impl AsyncFn() -> Result<T, Denied>) -> Result<T, Denied> {
    for _ in 1..TRIES {
        match ask().await {
            Err(Denied::Busy { retry_after_ms }) => {
                tokio::time::sleep(Duration::from_millis(retry_after_ms.into())).await;
            }
            answer => return answer,
        }
    }
    ask().await
}

/// The results of years ago are no news.
async fn read_all(gateway: &Gateway) -> Result<(), Denied> {
    let counted = || gateway.read(|registry| registry.students.len() as u32);
    let (up_to, count) = until_taken(async || counted().await).await?;
    let students: Vec<StudentId> = (0..count).map(StudentId).collect();
    for some in students.chunks(AT_ONCE) {
        let read = some.iter().map(|id| patiently(gateway, Command::MarkRead(*id, up_to)));
        for read in join_all(read).await {
            read?;
        }
    }
    Ok(())
}

async fn arm_after_reset(gateway: Gateway) {
    let mut changes = gateway.public_changes();
    let mut run = demo_run(&gateway);
    while changes.changed().await.is_ok() {
        let now = demo_run(&gateway);
        if now != run {
            run = now;
            if let Err(denied) = arm_all(&gateway).await {
                tracing::warn!(?denied, "the demo's students are not all armed");
            }
        }
    }
}

fn demo_run(gateway: &Gateway) -> Option<u32> {
    gateway.public().windows.iter().find(|w| w.key == demo::WINDOW).map(|w| w.run)
}

/// Everybody but the first student of the showcase, who is the visitor's, is armed: with the plan
/// she has, or with a demo's plan if she never did anything.
async fn arm_all(gateway: &Gateway) -> Result<(), Denied> {
    let idle = |registry: &Registry| {
        let window = registry.window_id(demo::WINDOW)?;
        let planned = registry.window(window)?.state == WindowState::Planned;
        let visitor = registry.student_id(demo::showcase()[0].student);
        let plans = demo::plans(registry).into_iter().filter_map(|(id, plan)| {
            let student = registry.student(id);
            let idle = planned && student.ticket(window).is_none() && Some(id) != visitor;
            let untouched = student.requests.is_empty() && student.plan.courses.is_empty();
            let plan = untouched.then_some(plan);
            let armable = idle && (plan.is_some() || !student.plan.courses.is_empty());
            armable.then_some((id, plan))
        });
        Some((window, plans.collect::<Vec<_>>()))
    };
    let read = until_taken(async || gateway.read(idle).await).await?;
    let Some((window, plans)) = read.1 else { return Ok(()) };
    for some in plans.chunks(AT_ONCE) {
        let armed =
            some.iter().map(|(student, plan)| arm(gateway, window, *student, plan.as_ref()));
        for armed in join_all(armed).await {
            armed?;
        }
    }
    Ok(())
}

async fn arm(
    gateway: &Gateway,
    window: WindowId,
    student: StudentId,
    plan: Option<&Plan>,
) -> Result<(), Denied> {
    if let Some(plan) = plan {
        patiently(gateway, Command::SetPlan(student, Arc::new(plan.clone()))).await?;
    }
    let request = convert::request_id(Uuid::now_v7());
    patiently(gateway, Command::Arm { student, window, request }).await?;
    Ok(())
}

/// Students that the demo's sign-in offers.
pub fn showcase() -> Vec<Showcase> {
    let offered = demo::showcase().iter().map(|s| Showcase {
        student: s.student.to_owned(),
        label: TextView { nl: s.nl.to_owned(), en: s.en.to_owned() },
    });
    offered.collect()
}

/// The readers of files, for the routes that import.
pub fn importers() -> Importers {
    Importers {
        catalogue: |name, bytes, format, seeds| {
            files::catalogue(name, bytes, parse(format)?, seeds).map_err(lines)
        },
        students: |name, bytes, format| files::students(name, bytes, parse(format)?).map_err(lines),
        results: |name, bytes, format| files::results(name, bytes, parse(format)?).map_err(lines),
    }
}

fn parse(format: Option<&str>) -> Result<Option<Format>, Vec<String>> {
    let unknown =
        |name: &str| vec![format!("unknown format {name}; use toml, json, csv or sections")];
    format.map(|name| Format::parse(name).ok_or_else(|| unknown(name))).transpose()
}

fn lines(faults: Vec<FileFault>) -> Vec<String> {
    faults.into_iter().map(|fault| fault.to_string()).collect()
}

/// A secret for a draw, from the operating system.
pub fn random_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the system has random numbers");
    seed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::gateway::Settings;
    use crate::application::core::{Core, Options};
    use crate::application::recover::recover;
    use crate::clock::Clock;
    use crate::domain::ids::Timestamp;
    use crate::journal::memory::Disk;

    fn options(answer_deadline_ms: u64) -> Options {
        Options {
            settings: Settings { answer_deadline_ms, ..Settings::default() },
            clock: Clock::manual(Timestamp(1_000_000)),
            position_push_ms: 50,
            snapshot_every: 0,
            on_fault: Box::new(|_| {}),
            metrics: Arc::default(),
        }
    }

    #[actix_web::test]
    async fn a_slow_disk_delays_the_demo_and_does_not_stop_it() {
        let disk = Disk::new();
        let recovered = recover(Box::new(disk.open().unwrap())).unwrap();
        let core = Core::start(recovered, options(1_000)).unwrap();
        disk.stall();
        let slow = disk.clone();
        actix::spawn(async move {
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            slow.resume();
        });
        demo(&core.gateway, true).await.unwrap();
        let window = core.gateway.public().window_id(demo::WINDOW).unwrap();
        let armed = move |r: &Registry| {
            r.students.iter().filter(|student| student.ticket(window).is_some()).count()
        };
        let armed = until_taken(async || core.gateway.read(armed).await).await.unwrap().1;
        assert_eq!(armed, demo::STUDENTS as usize - 1);
        core.stop().unwrap();
    }

    #[actix_web::test]
    async fn a_visitors_plan_is_armed_again_and_never_replaced() {
        let options = options(Settings::default().answer_deadline_ms);
        let recovered = recover(Box::new(Disk::new().open().unwrap())).unwrap();
        let core = Core::start(recovered, options).unwrap();
        let gateway = &core.gateway;
        let draft = Arc::new(demo::draft(&mut random_seed));
        gateway.command(Command::Import(draft)).await.unwrap();
        arm_all(gateway).await.unwrap();
        let find = |key| gateway.read(move |r| r.student_id(key).unwrap());
        let visitor = find(demo::showcase()[1].student).await.unwrap().1;
        let emptied = find(demo::showcase()[2].student).await.unwrap().1;
        let plan = move |student| gateway.read(move |r| Arc::clone(&r.student(student).plan));
        let mut own = (*plan(visitor).await.unwrap().1).clone();
        assert!(own.courses.len() > 1);
        own.courses.truncate(1);
        let own = Arc::new(own);
        gateway.command(Command::SetPlan(visitor, Arc::clone(&own))).await.unwrap();
        let window = gateway.public().window_id(demo::WINDOW).unwrap();
        gateway.command(Command::Disarm(emptied, window)).await.unwrap();
        gateway.command(Command::SetPlan(emptied, Arc::default())).await.unwrap();
        let again = Command::Reset { window, seed: [1; 32], opens_at: None };
        gateway.command(again).await.unwrap();
        arm_all(gateway).await.unwrap();
        assert_eq!(plan(visitor).await.unwrap().1, own);
        assert!(plan(emptied).await.unwrap().1.courses.is_empty());
        let tickets = gateway.read(move |r| {
            let armed = r.students.iter().filter(|s| s.ticket(window).is_some()).count();
            (armed, r.student(visitor).ticket(window).is_some())
        });
        // All but the first of the showcase and the one with no plan.
        assert_eq!(tickets.await.unwrap().1, (demo::STUDENTS as usize - 2, true));
        core.stop().unwrap();
    }
}
