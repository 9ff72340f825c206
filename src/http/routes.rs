//! Every route in one table: it registers them, and the tests go through it role by role.

use actix_web::http::Method;
use actix_web::{Route, web};

use super::{
    acts, admin, admin_student, alternatives, audit, calendar, catalogue, console, devices, export,
    health, imports, journal, messages, my_data, oidc, openapi, plain, preferences, results,
    sign_in, socket, student, windows,
};
use crate::http::auth::Role;
use crate::limits;

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Anybody.
    Anybody,
    /// Whoever is signed in.
    SignedIn,
    /// One role alone.
    Only(Role),
}

/// A route.
pub struct Entry {
    /// Method.
    pub method: Method,
    /// Path; what may hold a slash says so with a pattern, as in `{code:.+}`.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
    handle: fn(Route) -> Route,
}

impl Entry {
    /// Whether it belongs to the described interface: not the socket, and not what is for people.
    #[must_use]
    pub fn is_described(&self) -> bool {
        !["/ws", "/plain"].contains(&self.path)
    }

    /// The path as the description has it: without patterns.
    pub fn documented_path(&self) -> String {
        self.path.replace(":.+}", "}")
    }
}

macro_rules! table {
    ($($method:ident $path:literal $who:expr, $handler:path;)*) => {
        vec![$(Entry {
            method: Method::$method,
            path: $path,
            who: $who,
            handle: |route| route.to($handler),
        }),*]
    };
}

/// Every route but the page's files.
pub fn table() -> Vec<Entry> {
    use Who::{Anybody, Only, SignedIn};
    let student = Only(Role::Student);
    let registrar = Only(Role::Registrar);
    let operator = Only(Role::Operator);
    table! {
        GET "/healthz" Anybody, health::healthz;
        GET "/readyz" Anybody, health::readyz;
        GET "/ws" student, socket::connect;
        GET "/plain" student, plain::plain;
        GET "/api/openapi.json" Anybody, openapi::document;
        GET "/api/sign-in" Anybody, sign_in::choices;
        POST "/api/sign-in" Anybody, sign_in::sign_in;
        GET "/api/sign-in/start" Anybody, oidc::routes::start;
        GET "/api/sign-in/return" Anybody, oidc::routes::come_back;
        POST "/api/sign-out" Anybody, sign_in::sign_out;
        GET "/api/me" SignedIn, sign_in::who;
        GET "/api/me/export" student, my_data::export;
        GET "/api/devices" student, devices::list;
        DELETE "/api/devices" student, devices::sign_out_everywhere;
        DELETE "/api/devices/{id}" student, devices::sign_out_one;
        GET "/api/preferences" student, preferences::get;
        PUT "/api/preferences" student, preferences::put;
        GET "/api/catalogue" Anybody, catalogue::list;
        GET "/api/catalogue/{code:.+}" Anybody, catalogue::course;
        GET "/api/seats" Anybody, catalogue::seats;
        GET "/api/programmes" Anybody, catalogue::programmes;
        GET "/api/windows" SignedIn, windows::list;
        GET "/api/windows/{key:.+}/lottery" Anybody, windows::lottery;
        GET "/api/plan" student, student::plan;
        PUT "/api/plan" student, student::set_plan;
        GET "/api/enrolments" student, student::enrolments;
        GET "/api/timetable" student, student::timetable;
        GET "/api/timetable.ics" student, calendar::once;
        GET "/calendar/{secret}.ics" Anybody, calendar::feed;
        GET "/api/calendar" student, calendar::get;
        POST "/api/calendar" student, calendar::renew;
        DELETE "/api/calendar" student, calendar::revoke;
        GET "/api/outcomes" student, student::outcomes;
        GET "/api/alternatives" student, alternatives::list;
        GET "/api/results" student, results::list;
        GET "/api/messages" student, messages::list;
        POST "/api/messages/read" student, messages::mark_read;
        GET "/api/admin/status" registrar, admin::status;
        GET "/api/admin/windows" registrar, admin::windows;
        POST "/api/admin/windows/{key:.+}/open" registrar, admin::open;
        POST "/api/admin/windows/{key:.+}/close" registrar, admin::close;
        POST "/api/admin/windows/{key:.+}/pause" registrar, admin::pause;
        POST "/api/admin/windows/{key:.+}/resume" registrar, admin::resume;
        POST "/api/admin/windows/{key:.+}/reset" registrar, admin::reset;
        POST "/api/admin/windows/{key:.+}/schedule" registrar, admin::schedule;
        POST "/api/admin/windows/{key:.+}/pace" registrar, admin::pace;
        POST "/api/admin/sections/capacity" registrar, admin::capacity;
        POST "/api/admin/sections/status" registrar, admin::section_status;
        POST "/api/admin/student/enrol" registrar, admin_student::enrol;
        POST "/api/admin/student/move" registrar, admin_student::move_to;
        POST "/api/admin/student/drop" registrar, admin_student::remove;
        POST "/api/admin/student/block" registrar, admin_student::block;
        POST "/api/admin/student/unblock" registrar, admin_student::unblock;
        POST "/api/admin/announcement" registrar, acts::announcement;
        GET "/api/admin/audit" registrar, audit::list;
        GET "/api/admin/audit.csv" registrar, audit::csv;
        GET "/api/admin/audit.json" registrar, audit::json;
        POST "/api/admin/catalogue" registrar, imports::catalogue;
        POST "/api/admin/students" registrar, imports::students;
        POST "/api/admin/results" registrar, imports::results;
        GET "/api/admin/enrolments" registrar, export::enrolments;
        GET "/api/admin/enrolments.csv" registrar, export::enrolments_csv;
        GET "/api/admin/enrolments.json" registrar, export::enrolments_json;
        GET "/api/admin/waitlists" registrar, export::waitlists;
        GET "/api/admin/waitlists.csv" registrar, export::waitlists_csv;
        GET "/api/admin/waitlists.json" registrar, export::waitlists_json;
        GET "/api/admin/board" registrar, console::board::board;
        GET "/api/admin/demand" registrar, console::demand::demand;
        GET "/api/admin/blockers" registrar, console::demand::blockers;
        GET "/api/admin/readiness" registrar, console::readiness::readiness;
        POST "/api/admin/sections/preview" registrar, console::preview::preview;
        POST "/api/admin/student" registrar, console::file::student;
        POST "/api/admin/student/why" registrar, console::why::why;
        GET "/api/operator/journal" operator, journal::export;
        GET "/api/operator/journal/digest" operator, journal::digest_at;
    }
}

/// Registers the table. What can be read can be asked for with HEAD too.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    let table = table();
    let mut done: Vec<&str> = Vec::new();
    for entry in &table {
        if done.contains(&entry.path) {
            continue;
        }
        done.push(entry.path);
        let mut resource =
            web::resource(entry.path).app_data(web::PayloadConfig::new(limits::IMPORT_BYTES_MAX));
        for same in table.iter().filter(|e| e.path == entry.path) {
            resource = resource.route((same.handle)(web::method(same.method.clone())));
            if same.method == Method::GET && same.path != "/ws" {
                resource = resource.route((same.handle)(web::head()));
            }
        }
        cfg.service(resource);
    }
}
