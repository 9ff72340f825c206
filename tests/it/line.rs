//! The live line, as those who stand in it hear of it.

use std::time::Duration;

use sluis::protocol::server::ServerMessage;

use crate::support::student::any;
use crate::support::{TestGateway, University};

#[tokio::test]
async fn a_rehearsal_that_is_run_again_tells_its_forecasts_again() {
    let university = University::of(6)
        .course("A", 9)
        .window("w", "rehearsal = true\norder = \"arrival\"\npace = 1");
    let gateway = TestGateway::start(&university);
    let mut people = Vec::new();
    for n in 0..6 {
        let mut student = gateway.student(&format!("s{n:04}")).await;
        student.set_plan(&[any("A", false)]).await;
        people.push(student);
    }
    for run in 0..2 {
        for person in &mut people {
            person.arm("w").await;
        }
        gateway.open("w");
        // The same as in the run before; whoever looks knows nothing of that one any more.
        let forecast = |m: &ServerMessage| match m {
            ServerMessage::Forecast { courses, .. } => Some(courses.len()),
            _ => None,
        };
        assert_eq!(people[5].expect("her forecast", forecast).await, 1, "run {run}");
        gateway.registrar().post("/api/admin/windows/w/reset", "{}").ok();
        people[5].quiet(Duration::from_millis(500)).await;
    }
}
