//! `/api/admin/enrolments`: who is enrolled in what, as a stream. Read in pieces, so that the
//! Registrar never stands still for it; each row bears the journal position of its grant.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use bytes::Bytes;
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::HttpState;
use super::access::AsRegistrar;
use super::openapi::ReadProblems;
use super::problem::{INVALID, Problem};
use crate::actors::gateway::{Denied, Gateway};
use crate::domain::registry::Registry;
use crate::limits;
use crate::protocol::export::{self, Row};

/// How to write it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` (unless said otherwise) or `json`: one object a line.
    pub format: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Csv,
    Json,
}

impl Format {
    fn header(self) -> &'static str {
        match self {
            Self::Csv => export::CSV_HEADER,
            Self::Json => "",
        }
    }

    fn row(self, row: &Row) -> String {
        match self {
            Self::Csv => row.csv(),
            Self::Json => serde_json::to_string(row).map_or_else(|_| String::new(), |t| t + "\n"),
        }
    }
}

/// The enrolments of some students, and whether there are students after them.
fn chunk(registry: &Registry, first: usize, count: usize) -> (Vec<Row>, bool) {
    let students = registry.students.iter().skip(first).take(count);
    let rows = students.flat_map(|student| export::rows_of(registry, student)).collect();
    (rows, first.saturating_add(count) < registry.students.len())
}

async fn read(gateway: &Gateway, first: usize) -> Result<(Vec<Row>, bool), Problem> {
    let mut tries = 0;
    loop {
        let count = limits::EXPORT_STUDENTS_CHUNK;
        match gateway.read(move |registry| chunk(registry, first, count)).await {
            Ok((_, found)) => return Ok(found),
            Err(Denied::Busy { retry_after_ms }) if tries < limits::EXPORT_RETRIES_MAX => {
                tries += 1;
                let wait = Duration::from_millis(u64::from(retry_after_ms));
                actix_web::rt::time::sleep(wait).await;
            }
            Err(denied) => return Err(denied.into()),
        }
    }
}

/// Rows in pieces. A piece that cannot be read breaks the transfer off: half a file never looks
/// like a whole one.
fn stream(
    gateway: Gateway,
    format: Format,
    start: &(Vec<Row>, bool),
) -> impl Stream<Item = Result<Bytes, Problem>> + use<> {
    let head = Bytes::from_static(format.header().as_bytes());
    let text =
        move |rows: &[Row]| Bytes::from(rows.iter().map(|row| format.row(row)).collect::<String>());
    let ready = VecDeque::from([head, text(&start.0)]);
    let next = start.1.then_some(limits::EXPORT_STUDENTS_CHUNK);
    unfold((gateway, ready, next), move |(gateway, mut ready, next)| async move {
        loop {
            match ready.pop_front() {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => return Some((Ok(bytes), (gateway, ready, next))),
                None => break,
            }
        }
        let mut first = next?;
        loop {
            match read(&gateway, first).await {
                Err(problem) => return Some((Err(problem), (gateway, ready, None))),
                Ok((rows, more)) => {
                    let after = more.then_some(first + limits::EXPORT_STUDENTS_CHUNK);
                    if !rows.is_empty() {
                        return Some((Ok(text(&rows)), (gateway, ready, after)));
                    }
                    first = after?;
                }
            }
        }
    })
}

/// Everybody's enrolments
///
/// JSON is one object a line. During registration, rows are as of the moment each was read.
#[utoipa::path(
    get, path = "/api/admin/enrolments", tag = "registrar", params(ExportQuery),
    responses(
        (status = 200, content((Row = "application/x-ndjson"), (String = "text/csv"))),
        ReadProblems,
    )
)]
pub async fn enrolments(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<ExportQuery>,
) -> Result<HttpResponse, Problem> {
    let (format, kind) = match query.format.as_deref() {
        None | Some("csv") => (Format::Csv, "text/csv; charset=utf-8"),
        Some("json") => (Format::Json, "application/x-ndjson"),
        Some(_) => return Err(Problem::new(&INVALID, "format is csv or json")),
    };
    let start = read(&state.gateway, 0).await?;
    let body = stream(state.gateway.clone(), format, &start);
    Ok(HttpResponse::Ok().content_type(kind).streaming(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_plain_csv_or_one_line_of_json() {
        let mut row = Row {
            student: "s1".to_owned(),
            course: "LAW-1".to_owned(),
            sections: vec!["LAW-1/L1".to_owned(), "LAW-1/T2".to_owned()],
            window: "2026-2".to_owned(),
            journal: 7,
        };
        assert_eq!(Format::Csv.row(&row), "s1,LAW-1,LAW-1/L1 LAW-1/T2,2026-2,7\r\n");
        let json: Row = serde_json::from_str(&Format::Json.row(&row)).unwrap();
        assert_eq!(json, row);
        row.student = "-1+2".to_owned();
        assert!(Format::Csv.row(&row).starts_with("'-1+2,"));
    }
}
