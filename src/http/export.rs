//! `/api/admin/enrolments…`, `/api/admin/waitlists…`: who is enrolled in what and who waits for
//! what, as a stream. Read in pieces, so that the Registrar never stands still for it; each row
//! bears the journal position that it comes from.

use std::collections::VecDeque;

use actix_web::{HttpResponse, web};
use bytes::Bytes;
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::HttpState;
use super::access::AsRegistrar;
use super::openapi::ReadProblems;
use super::problem::{INVALID, Problem};
use super::turns;
use crate::actors::gateway::Gateway;
use crate::domain::ids::{CourseId, Sequence};
use crate::domain::registry::Registry;
use crate::domain::survey::WaitCursor;
use crate::limits;
use crate::protocol::export::{self, Csv, Row, WaitRow};

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
    fn header<R: Csv>(self) -> &'static str {
        match self {
            Self::Csv => R::HEADER,
            Self::Json => "",
        }
    }

    fn row<R: Csv + Serialize>(self, row: &R) -> String {
        match self {
            Self::Csv => row.csv(),
            Self::Json => serde_json::to_string(row).map_or_else(|_| String::new(), |t| t + "\n"),
        }
    }

    fn rows<R: Csv + Serialize>(self, rows: &[R]) -> Bytes {
        Bytes::from(rows.iter().map(|row| self.row(row)).collect::<String>())
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/x-ndjson",
        }
    }
}

/// A piece of a file: rows from a place on, and the place to go on from.
type Piece<R, C> = fn(&Registry, C) -> (Vec<R>, Option<C>);

/// The enrolments of some students.
fn enrolled(registry: &Registry, first: usize) -> (Vec<Row>, Option<usize>) {
    let next = first.saturating_add(limits::EXPORT_STUDENTS_CHUNK);
    let students = registry.students.iter().skip(first).take(limits::EXPORT_STUDENTS_CHUNK);
    let rows = students.flat_map(|student| export::rows_of(registry, student)).collect();
    (rows, (next < registry.students.len()).then_some(next))
}

/// Some places on waitlists.
fn waiting(registry: &Registry, from: WaitCursor) -> (Vec<WaitRow>, Option<WaitCursor>) {
    export::wait_rows(registry, from, limits::EXPORT_STUDENTS_CHUNK)
}

async fn read<R, C>(
    gateway: &Gateway,
    piece: Piece<R, C>,
    from: C,
) -> Result<(Vec<R>, Option<C>), Problem>
where
    R: Send + 'static,
    C: Copy + Send + 'static,
{
    let most = limits::EXPORT_RETRIES_MAX;
    Ok(turns::patient(gateway, most, move |registry| piece(registry, from)).await?.1)
}

/// Rows in pieces. A piece that cannot be read breaks the transfer off: half a file never looks
/// like a whole one.
fn stream<R, C>(
    gateway: Gateway,
    format: Format,
    piece: Piece<R, C>,
    start: (Vec<R>, Option<C>),
) -> impl Stream<Item = Result<Bytes, Problem>> + use<R, C>
where
    R: Csv + Serialize + Send + 'static,
    C: Copy + Send + 'static,
{
    let head = Bytes::from_static(format.header::<R>().as_bytes());
    let ready = VecDeque::from([head, format.rows(&start.0)]);
    unfold((gateway, ready, start.1), move |(gateway, mut ready, next)| async move {
        loop {
            match ready.pop_front() {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => return Some((Ok(bytes), (gateway, ready, next))),
                None => break,
            }
        }
        let mut from = next?;
        loop {
            match read(&gateway, piece, from).await {
                Err(problem) => return Some((Err(problem), (gateway, ready, None))),
                Ok((rows, after)) => {
                    if !rows.is_empty() {
                        return Some((Ok(format.rows(&rows)), (gateway, ready, after)));
                    }
                    from = after?;
                }
            }
        }
    })
}

async fn answer<R, C>(
    state: &HttpState,
    format: Format,
    piece: Piece<R, C>,
    first: C,
) -> Result<HttpResponse, Problem>
where
    R: Csv + Serialize + Send + 'static,
    C: Copy + Send + 'static,
{
    let start = read(&state.gateway, piece, first).await?;
    let body = stream(state.gateway.clone(), format, piece, start);
    Ok(HttpResponse::Ok().content_type(format.kind()).streaming(body))
}

const FIRST: WaitCursor = (CourseId(0), Sequence(0));

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
    let format = match query.format.as_deref() {
        None | Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        Some(_) => return Err(Problem::new(&INVALID, "format is csv or json")),
    };
    answer(&state, format, enrolled, 0).await
}

/// Everybody's enrolments, as a spreadsheet
#[utoipa::path(
    get, path = "/api/admin/enrolments.csv", tag = "registrar",
    responses((status = 200, content((String = "text/csv"))), ReadProblems)
)]
pub async fn enrolments_csv(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    answer(&state, Format::Csv, enrolled, 0).await
}

/// Everybody's enrolments, one JSON object a line
#[utoipa::path(
    get, path = "/api/admin/enrolments.json", tag = "registrar",
    responses((status = 200, content((Row = "application/x-ndjson"))), ReadProblems)
)]
pub async fn enrolments_json(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    answer(&state, Format::Json, enrolled, 0).await
}

/// Every place on every waitlist, one JSON object a line
///
/// During registration, rows are as of the moment each was read.
#[utoipa::path(
    get, path = "/api/admin/waitlists", tag = "registrar",
    responses((status = 200, content((WaitRow = "application/x-ndjson"))), ReadProblems)
)]
pub async fn waitlists(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    answer(&state, Format::Json, waiting, FIRST).await
}

/// Every place on every waitlist, one JSON object a line
#[utoipa::path(
    get, path = "/api/admin/waitlists.json", tag = "registrar",
    responses((status = 200, content((WaitRow = "application/x-ndjson"))), ReadProblems)
)]
pub async fn waitlists_json(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    answer(&state, Format::Json, waiting, FIRST).await
}

/// Every place on every waitlist, as a spreadsheet
#[utoipa::path(
    get, path = "/api/admin/waitlists.csv", tag = "registrar",
    responses((status = 200, content((String = "text/csv"))), ReadProblems)
)]
pub async fn waitlists_csv(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    answer(&state, Format::Csv, waiting, FIRST).await
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
