//! The page's types are those of the wire: generated from here, committed in `web/src/wire`, and
//! held to what they were generated from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ts_rs::{Config, TS};

use super::console::types;
use super::{
    acts, admin, admin_student, alternatives, audit, calendar, catalogue, devices, imports,
    messages, results, sign_in, timetable, views, windows,
};
use crate::protocol::{client, server, transcript};

const REWRITE: &str = "SLUIS_WIRE=write cargo test -p sluis --lib wire_types";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src/wire")
}

/// Every type that the page sends or reads, with all it is made of.
fn generate(to: &Path) {
    let config = Config::new().with_large_int("number").with_out_dir(to);
    macro_rules! export {
        ($($type:ty),* $(,)?) => { $(<$type>::export_all(&config).expect("can be written");)* };
    }
    export!(
        client::ClientMessage,
        server::ServerMessage,
        transcript::Transcript,
        views::CourseView,
        views::ProgrammeView,
        catalogue::CataloguePage,
        messages::Messages,
        messages::ReadMark,
        messages::Unread,
        sign_in::SignInChoices,
        sign_in::SignInRequest,
        sign_in::SignedOut,
        windows::Windows,
        timetable::Timetable,
        results::Results,
        alternatives::AlternativesView,
        calendar::CalendarView,
        calendar::CalendarAddress,
        devices::Devices,
        admin::Status,
        admin::Done,
        admin::ScheduleBody,
        admin::ResetBody,
        admin::PaceBody,
        admin::CapacityBody,
        admin::StatusBody,
        acts::ReasonBody,
        acts::AnnouncementBody,
        admin_student::PlaceBody,
        admin_student::RemoveBody,
        admin_student::BlockBody,
        audit::Audit,
        imports::ImportAnswer,
        types::Board,
        types::Demand,
        types::PlanBlockers,
        types::Readiness,
        types::PreviewBody,
        types::CapacityPreview,
        types::StudentBody,
        types::StudentFile,
        types::WhyBody,
        types::Why,
    );
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("the folder of the wire types");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let text = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).expect("a text file"))
    };
    entries.map(text).collect()
}

#[test]
fn the_pages_types_are_those_of_the_wire() {
    let fresh = tempfile::tempdir().expect("a folder");
    generate(fresh.path());
    let fresh = files(fresh.path());
    if std::env::var("SLUIS_WIRE").is_ok_and(|v| v == "write") {
        let _ = std::fs::remove_dir_all(folder());
        std::fs::create_dir_all(folder()).expect("the folder can be made");
        for (name, text) in &fresh {
            std::fs::write(folder().join(name), text).expect("can be written");
        }
    }
    let committed = files(&folder());
    let names: Vec<_> = fresh.keys().collect();
    assert_eq!(committed.keys().collect::<Vec<_>>(), names, "rewrite them: {REWRITE}");
    for (name, text) in &fresh {
        assert!(committed[name] == *text, "web/src/wire/{name} is not as the wire: {REWRITE}");
    }
}
