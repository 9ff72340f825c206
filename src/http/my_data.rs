//! `/api/me/export`: everything that is stored about a student, for her alone.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::HttpState;
use super::access::Authenticated;
use super::auth::{AuthError, Role};
use super::devices::{Devices, devices_view};
use super::messages::{Messages, messages_view};
use super::openapi::ReadProblems;
use super::problem::Problem;
use super::results::{Results, results_view};
use crate::domain::account::DeviceId;
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::registry::Registry;
use crate::domain::student::{Memo, Notice};
use crate::protocol::client::CourseRequestDto;
use crate::protocol::convert::{
    course_request_view, enrolment_view, outcome_view, preferences_view, uuid, waitlist_views,
};
use crate::protocol::server::{EnrolmentView, OutcomeView, PreferencesView, WaitlistView};

/// What the student register says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProfileView {
    /// Student number.
    pub student: String,
    /// Programme key.
    pub programme: Option<String>,
    /// Year of study; 0 is unknown.
    pub year: u8,
    /// Codes of reasons why she may not register: the register's, less those lifted, and the
    /// registrar's.
    pub blocks: Vec<String>,
    /// What the register itself says.
    pub blocks_in_register: Vec<String>,
    /// The registrar's last word on each.
    pub blocks_by_registrar: Vec<BlockWord>,
    /// Courses completed, as the register has them.
    pub completed: Vec<String>,
}

/// The registrar's word on a block.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BlockWord {
    /// The block's code.
    pub code: String,
    /// She may not register, or the block is lifted.
    pub blocked: bool,
}

/// A place taken in a line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlaceView {
    /// Window key.
    pub window: String,
    /// Ticket number.
    pub ticket: u32,
}

/// A request, by the number that her page gave it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    /// The number.
    pub id: Uuid,
    /// The place in a line that it took.
    pub place: Option<PlaceView>,
    /// Journal position of its decision.
    pub decided: Option<u64>,
}

/// Everything that is stored about a student.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MyData {
    /// When this was made.
    pub made: u64,
    /// Journal position that this rests on.
    pub as_of: u64,
    /// The register's word.
    pub profile: ProfileView,
    /// Her plan.
    pub plan: Vec<CourseRequestDto>,
    /// Her seats.
    pub enrolments: Vec<EnrolmentView>,
    /// Her waitlist places.
    pub waitlist: Vec<WaitlistView>,
    /// Her undecided places in lines.
    pub line: Vec<PlaceView>,
    /// Every request of hers.
    pub requests: Vec<RequestView>,
    /// Every outcome, oldest first.
    pub outcomes: Vec<OutcomeView>,
    /// Her message centre, newest first.
    pub messages: Messages,
    /// Her study results.
    pub results: Results,
    /// What she prefers.
    pub preferences: PreferencesView,
    /// Where she is signed in.
    pub devices: Devices,
    /// When she last signed out everywhere.
    pub signed_out_everywhere: Option<u64>,
    /// When her calendar's address was made; of the address itself only a hash is stored.
    pub calendar_since: Option<u64>,
}

fn block_word((code, blocked): &(crate::domain::ids::Key, bool)) -> BlockWord {
    BlockWord { code: code.to_string(), blocked: *blocked }
}

fn my_data(
    registry: &Registry,
    id: StudentId,
    current: Option<DeviceId>,
    now: Timestamp,
) -> MyData {
    let (catalogue, who) = (&registry.catalogue, registry.student(id));
    let keys = |keys: &[crate::domain::ids::Key]| keys.iter().map(ToString::to_string).collect();
    let place = |(window, ticket): (crate::domain::ids::WindowId, crate::domain::ids::Ticket)| {
        let window = registry.window(window)?.rules.key.to_string();
        Some(PlaceView { window, ticket: ticket.0 })
    };
    let request = |(id, memo): &(crate::domain::ids::RequestId, Memo)| RequestView {
        id: uuid(*id),
        place: memo.ticket.and_then(place),
        decided: memo.decided.as_ref().map(|(sequence, _)| sequence.0),
    };
    let outcomes = who.inbox.iter().filter_map(|item| match &item.notice {
        Notice::Outcome { request, course, outcome, instead_of } => {
            let when = (item.sequence, item.at);
            Some(outcome_view(catalogue, *request, *course, outcome, *instead_of, when))
        }
        _ => None,
    });
    MyData {
        made: now.0,
        as_of: registry.sequence.0,
        profile: ProfileView {
            student: who.profile.key.to_string(),
            programme: who.profile.programme.as_ref().map(ToString::to_string),
            year: who.profile.year,
            blocks: who.blocks().map(ToString::to_string).collect(),
            blocks_in_register: keys(&who.profile.blocks),
            blocks_by_registrar: who.overrides.iter().map(block_word).collect(),
            completed: keys(&who.profile.completed),
        },
        plan: who.plan.courses.iter().map(|r| course_request_view(catalogue, r)).collect(),
        enrolments: who.enrolments.iter().map(|e| enrolment_view(catalogue, e)).collect(),
        waitlist: waitlist_views(registry, id),
        line: who.tickets.iter().copied().filter_map(place).collect(),
        requests: who.requests.iter().map(request).collect(),
        outcomes: outcomes.collect(),
        messages: messages_view(registry, id, false, None, usize::MAX),
        results: results_view(registry, id),
        preferences: preferences_view(&who.account.preferences),
        devices: devices_view(&who.account, current, now),
        signed_out_everywhere: Some(who.account.signed_out.0).filter(|at| *at > 0),
        calendar_since: who.account.calendar.as_ref().map(|calendar| calendar.since.0),
    }
}

/// Everything that is stored about her, as a file
#[utoipa::path(
    get, path = "/api/me/export", tag = "student",
    responses((status = 200, body = MyData), ReadProblems)
)]
pub async fn export(
    who: Authenticated,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    who.require(Role::Student)?;
    let key = who.claims.student.as_ref().ok_or(AuthError::Invalid)?;
    let student = state.student(key).await?;
    let (current, now) = (who.claims.device, state.access.clock.now());
    let (_, data) = state.gateway.read(move |r| my_data(r, student, current, now)).await?;
    let name = "attachment; filename=\"sluis-my-data.json\"";
    Ok(HttpResponse::Ok().insert_header((CONTENT_DISPOSITION, name)).json(data))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::account::{Account, Calendar, Device, Preferences};
    use crate::domain::command::Command;
    use crate::domain::ids::{Key, WindowId};
    use crate::domain::results::StudyResult;
    use crate::domain::student::{Profile, Student};
    use crate::domain::testkit;

    /// Where what is stored about a student is told to her.
    enum Told {
        /// At this place of the file.
        At(&'static str),
        /// Elsewhere in it, or nowhere: why.
        Not(&'static str),
    }
    use Told::{At, Not};

    /// Whether it is sealed with her key.
    #[derive(PartialEq)]
    enum Kept {
        Sealed,
        /// Under her internal number alone.
        Numbered,
    }
    use Kept::{Numbered, Sealed};

    /// Its name, whether it is sealed, and where it is told.
    type Field = (&'static str, Kept, Told);

    /// Each field of each type that holds something of hers. A new field is put here, into
    /// `domain/personal.rs`, and into the data map of `docs/PRIVACY.md`.
    const MAP: &[(&str, &[Field])] = &[
        (
            "Student",
            &[
                ("profile", Sealed, At("/profile")),
                ("plan", Numbered, At("/plan")),
                ("enrolments", Numbered, At("/enrolments")),
                ("waiting", Numbered, At("/waitlist")),
                ("tickets", Numbered, At("/line")),
                ("sequence", Numbered, Not("a count of records, without meaning outside")),
                ("requests", Numbered, At("/requests")),
                ("inbox", Sealed, At("/messages/messages")),
                ("read_up_to", Numbered, Not("each message says whether it was read")),
                ("read_items", Numbered, Not("the same, counted")),
                ("account", Sealed, Not("by its own fields")),
                ("overrides", Sealed, At("/profile/blocks_by_registrar")),
            ],
        ),
        (
            "Profile",
            &[
                ("key", Sealed, At("/profile/student")),
                ("programme", Sealed, At("/profile/programme")),
                ("year", Sealed, At("/profile/year")),
                ("blocks", Sealed, At("/profile/blocks_in_register")),
                ("completed", Sealed, At("/profile/completed")),
            ],
        ),
        (
            "Account",
            &[
                ("results", Sealed, At("/results/terms")),
                ("passed", Sealed, At("/results/completed")),
                ("preferences", Numbered, At("/preferences")),
                ("devices", Sealed, At("/devices/devices")),
                ("signed_out", Numbered, At("/signed_out_everywhere")),
                ("calendar", Numbered, At("/calendar_since")),
            ],
        ),
        (
            "StudyResult",
            &[
                ("term", Sealed, At("/results/terms/0/term")),
                ("course", Sealed, At("/results/terms/0/results/0/course")),
                ("name", Sealed, At("/results/terms/0/results/0/name")),
                ("component", Sealed, Not("empty for the whole of a course, else beside it")),
                ("attempt", Sealed, At("/results/terms/0/results/0/attempt")),
                ("grade", Sealed, At("/results/terms/0/results/0/grade")),
                ("credits", Sealed, At("/results/terms/0/results/0/credits")),
                ("date", Sealed, At("/results/terms/0/results/0/date")),
                ("passed", Sealed, At("/results/terms/0/results/0/passed")),
            ],
        ),
        (
            "Preferences",
            &[
                ("language", Numbered, At("/preferences/language")),
                ("notify", Numbered, At("/preferences/notify")),
                ("topics", Numbered, At("/preferences/topics")),
            ],
        ),
        (
            "Device",
            &[
                ("id", Numbered, At("/devices/devices/0/id")),
                ("agent", Sealed, At("/devices/devices/0/agent")),
                ("since", Numbered, At("/devices/devices/0/since")),
                ("expires", Numbered, At("/devices/devices/0/expires")),
            ],
        ),
        (
            "Calendar",
            &[
                ("hash", Numbered, Not("of a secret that is stored nowhere")),
                ("since", Numbered, At("/calendar_since")),
            ],
        ),
    ];

    /// A student of whom everything is stored that can be.
    fn everything() -> testkit::World {
        let draft = testkit::draft().simple("A", 1).simple("B", 0).students(2);
        let mut draft = draft.window(|_| {}).window(|_| {});
        let who = &mut draft.students[0];
        who.year = 3;
        who.blocks = vec![testkit::key("LIB")];
        who.completed = vec![testkit::key("OLD")];
        draft.programmes.push(crate::domain::catalogue::Programme {
            key: testkit::key("BA"),
            name: crate::domain::catalogue::Text::default(),
            requirements: Vec::new(),
        });
        who.programme = Some(testkit::key("BA"));
        let mut world = draft.open();
        let student = StudentId(0);
        let code = |text: &str| Key::new(text).unwrap();
        world.act(Command::SetBlock { student, code: code("LIB"), blocked: false }).unwrap();
        world.enrol(0, "A");
        world.enrol(0, "B");
        let wanted = [world.any("A")];
        world.set_plan(0, &wanted);
        let request = world.fresh();
        world.run(Command::Arm { student, window: WindowId(1), request }).unwrap();
        let result = crate::domain::import::DraftResult {
            line: 1,
            student: code("s0"),
            term: code("2025"),
            course: code("OLD"),
            name: Some(crate::domain::catalogue::Text { nl: "Oud".into(), en: "Old".into() }),
            component: None,
            attempt: 2,
            grade: crate::domain::results::Grade::Mark(75),
            credits: Some(crate::domain::ids::Credits(500)),
            date: 20_000,
            passed: None,
        };
        let results = vec![result];
        world.import(crate::domain::import::Draft { results, ..Default::default() }).unwrap();
        world.run(Command::SignOut(student, None)).unwrap();
        let (device, agent, expires) = (DeviceId(7), "Firefox, Linux".into(), Timestamp(1 << 40));
        world.run(Command::SignIn { student, device, agent, expires }).unwrap();
        world.run(Command::SetCalendar(student, Some([9; 32]))).unwrap();
        let language = Some(crate::domain::account::Language::En);
        let preferences = Preferences { language, notify: true, ..Preferences::default() };
        world.run(Command::SetPreferences(student, preferences)).unwrap();
        world
    }

    /// The names of the fields of a value, private ones too.
    fn fields(value: &dyn std::fmt::Debug) -> BTreeSet<String> {
        let text = format!("{value:#?}");
        let own = text.lines().filter_map(|line| line.strip_prefix("    "));
        let own = own.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        own.filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect()
    }

    #[test]
    fn each_field_is_told_to_her_or_is_not_for_a_reason_and_stands_in_the_data_map() {
        let world = everything();
        let registry = &world.university.registry;
        let who = registry.student(StudentId(0));
        let data = my_data(registry, StudentId(0), None, Timestamp(1 << 39));
        let data = serde_json::to_value(&data).unwrap();
        let empty = |value: &serde_json::Value| match value {
            serde_json::Value::Null => true,
            serde_json::Value::Array(list) => list.is_empty(),
            serde_json::Value::String(text) => text.is_empty(),
            _ => false,
        };
        let account: &Account = &who.account;
        let calendar: &Calendar = account.calendar.as_ref().unwrap();
        let device: &Device = &account.devices[0];
        let result: &StudyResult = &account.results()[0];
        let profile: &Profile = &who.profile;
        let preferences: &Preferences = &account.preferences;
        let student: &Student = who;
        let values: [&dyn std::fmt::Debug; 7] =
            [student, profile, account, result, preferences, device, calendar];
        let page = include_str!("../../docs/PRIVACY.md");
        for (value, (name, map)) in values.into_iter().zip(MAP) {
            assert!(format!("{value:?}").starts_with(name));
            let mapped: BTreeSet<String> = map.iter().map(|(f, ..)| (*f).to_owned()).collect();
            assert_eq!(fields(value), mapped, "{name}: put each field into MAP");
            for (field, _, told) in *map {
                match told {
                    At(place) => {
                        let found = data.pointer(place);
                        assert!(
                            found.is_some_and(|v| !empty(v)),
                            "{name}.{field}: {place}: {data}"
                        );
                    }
                    Not(why) => assert!(!why.is_empty()),
                }
                let place = format!("`{name}.{field}`");
                assert!(page.contains(&place), "docs/PRIVACY.md does not have {place}");
            }
        }
    }

    /// What is sealed is what is not there without her key.
    #[test]
    fn the_map_says_rightly_what_is_sealed() {
        let world = everything();
        let who = world.university.registry.student(StudentId(0));
        let left = who.without_personal(Profile::sealed(StudentId(0)));
        let same = [
            ("enrolments", left.enrolments == who.enrolments),
            ("waiting", left.waiting == who.waiting),
            ("tickets", left.tickets == who.tickets),
            ("sequence", left.sequence == who.sequence),
            ("requests", left.requests == who.requests),
            ("read_up_to", left.read_up_to == who.read_up_to),
            ("read_items", left.read_items == who.read_items),
            ("profile", left.profile == who.profile),
            ("inbox", left.inbox == who.inbox),
            ("account", left.account == who.account),
            ("overrides", left.overrides == who.overrides),
        ];
        let map = MAP[0].1;
        for (field, stays) in same {
            let (_, kept, _) = map.iter().find(|(name, ..)| *name == field).unwrap();
            assert_eq!(*kept == Numbered, stays, "{field}");
        }
    }
}
