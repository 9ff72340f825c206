//! Each bound of `limits.rs` is named by a test, or stands here with the reason why not.

use super::source::{Source, sources};

fn unbound(limits: &Source, tests: &[Source], excused: &[&str]) -> Vec<String> {
    let names = limits.shipped().filter_map(|(number, code)| {
        let name = code.trim_start().strip_prefix("pub const ")?.split(':').next()?;
        Some((number, name))
    });
    let tested = |name: &str| tests.iter().any(|s| s.tested().any(|code| word(code, name)));
    let open = names.filter(|(_, name)| !excused.contains(name) && !tested(name));
    open.map(|(n, name)| format!("{}:{n}: {name}: write a test at the bound", limits.path))
        .collect()
}

/// Whether the line has the name, whole.
fn word(code: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = code.match_indices(name);
    found.any(|(at, _)| !code[..at].ends_with(part) && !code[at + name.len()..].starts_with(part))
}

#[test]
fn every_bound_is_named_by_a_test() {
    let limits =
        Source::new("src/limits.rs", "pub const A_MAX: u32 = 1;\npub const B_MAX: u32 = 1;");
    let test = [Source::new("tests/it/x.rs", "let a = limits::A_MAX + B_MAX_OF_ANOTHER;")];
    assert_eq!(unbound(&limits, &test, &[]).len(), 1, "the rule sees a bound without a test");

    let sources = sources();
    let (limits, rest): (Vec<_>, Vec<_>) =
        sources.into_iter().partition(|s| s.path == "src/limits.rs");
    let tests: Vec<_> =
        rest.into_iter().filter(|s| !NAMES_ONLY.contains(&s.path.as_str())).collect();
    let excused: Vec<_> = EXCUSED.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let open = unbound(&limits[0], &tests, &excused);
    assert!(open.is_empty(), "\n{}", open.join("\n"));
    let tested: Vec<_> = excused
        .iter()
        .filter(|name| tests.iter().any(|s| s.tested().any(|code| word(code, name))))
        .collect();
    assert!(tested.is_empty(), "{tested:?} have a test: take them off the list");
}

/// Compares the bounds with a document, or is this list.
const NAMES_ONLY: [&str; 3] =
    ["src/protocol/asyncapi_tests.rs", "tests/it/nginx.rs", "tests/it/tidy/limits.rs"];

/// Why a bound has no test of its own.
const EXCUSED: [(&str, &[&str]); 5] = [
    (
        "how often or how long: a period, a wait or a share, which nothing outside can exceed",
        &[
            "ANSWER_DEADLINE_MS",
            "BACKUP_MS_MAX",
            "BOARD_SAMPLE_MS",
            "CLOSING_NOTICE_MS",
            "COARSER_PUSH_SESSIONS",
            "DOWNLOAD_RETRY_MS",
            "DOWNLOAD_STALL_MS_MAX",
            "EXACT_POSITION_TICKS",
            "FORECAST_TICKS",
            "HEARTBEAT_MS",
            "HUB_IDLE_MS",
            "JOURNAL_CLOSE_MS_MAX",
            "JOURNAL_REOPEN_MS_MAX",
            "SILENCE_MS_MAX",
            "LINE_TICK_MS",
            "MISSED_RETRY_MS",
            "POSITION_STEP_DIVISOR",
            "RANK_PUSH_MS",
            "RATE_MEASURE_S",
            "RESTART_RETRY_MS",
            "SEATS_PUSH_MS",
            "SNAPSHOT_LOOK_MS",
            "SNAPSHOT_QUIET_RECORDS",
            "STOP_LOOK_MS",
            "STOP_SESSIONS_MS_MAX",
            "ADMIN_REQUEST_MS_MAX",
            "OIDC_FRESH_MS",
            "OIDC_LOOK_MS",
            "OIDC_TURN_MS_MAX",
        ],
    ),
    (
        "how much at once: more is simply the next turn",
        &[
            "ADMIT_BATCH_MAX",
            "EXPORT_STUDENTS_CHUNK",
            "EXPORT_RETRIES_MAX",
            "SNAPSHOT_JOBS_MAX",
            "SURVEY_RETRIES_MAX",
            "TALLY_ENTRIES_CHUNK",
            "SURVEY_TURN_ITEMS",
            "TURNS_PER_FLUSH_MAX",
        ],
    ),
    (
        "given to a library or the kernel, which keeps it",
        &[
            "JOURNAL_CACHE_BYTES",
            "LISTEN_BACKLOG",
            "OPERATOR_CONNECTIONS_MAX",
            "PLAIN_CONNECTIONS_MAX",
            "SOCKET_SEND_BYTES",
            "TCP_USER_TIMEOUT_MS",
        ],
    ),
    (
        "configured: tested at the bound with a smaller one (a flood, jobs in flight), or a mailbox \
         that only a stuck thread fills",
        &[
            "JOBS_IN_FLIGHT_MAX",
            "LINE_MAILBOX_MAX",
            "MESSAGES_BURST",
            "MESSAGES_PER_SECOND",
            "MESSENGER_MAILBOX_MAX",
            "REGISTRAR_MAILBOX_MAX",
        ],
    ),
    (
        "too large for a test: hundreds of megabytes, or as many addresses",
        &[
            "ADMIN_ANSWER_BYTES_MAX",
            "IMPORT_VALUES_MAX",
            "LIMITER_ADDRESSES_MAX",
            "SNAPSHOT_BYTES_MAX",
            "TOOL_FILE_BYTES_MAX",
        ],
    ),
];
