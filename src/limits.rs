//! Every bound, in one place, unit last. A limit is a promise (I16): each has a test at the bound.

/// Largest entry written to the store, in bytes. Bigger values reach sled's blob files, which
/// nothing syncs (`docs/decisions/0002-sled.md`).
pub const JOURNAL_ENTRY_BYTES_MAX: usize = 4096;
/// Largest record, in bytes: it must fit in one entry with its header.
pub const JOURNAL_RECORD_BYTES_MAX: usize = 4048;
/// Most entries in one commit.
pub const JOURNAL_COMMIT_ENTRIES_MAX: usize = 64;
/// Most bytes waiting for the journal writer before it answers "full".
pub const JOURNAL_PENDING_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most records that the writer waits for after a commit, see `journal::group`.
pub const JOURNAL_GROUP_RECORDS_MAX: u64 = 64;
/// Longest that it waits for them, in microseconds, counted from the end of the last commit.
pub const JOURNAL_GROUP_WAIT_US_MAX: u64 = 1_000;
/// Records not durable yet beyond which commands from outside are answered Busy and lines admit
/// nobody: half of what the writer has room for, so that a turn under way always fits.
pub const JOURNAL_BEHIND_RECORDS_MAX: u64 = 32_768;
const _: () = assert!(
    JOURNAL_BEHIND_RECORDS_MAX as usize * JOURNAL_RECORD_BYTES_MAX
        <= JOURNAL_PENDING_BYTES_MAX / 2 + JOURNAL_PENDING_BYTES_MAX / 64
);
/// Longest wait for a data directory that another process has, in milliseconds.
pub const JOURNAL_LOCK_WAIT_MS_MAX: u64 = 500;
/// Students who have a key of their own for what is personal of them.
pub const STUDENT_KEYS_MAX: usize = 2_000_000;
/// Whole snapshots kept; older ones are removed after a new one is complete.
pub const SNAPSHOTS_KEPT_MAX: usize = 2;
/// Commits between two looks that the store wrote nothing its sync does not cover.
pub const JOURNAL_CHECK_COMMITS: u32 = 256;
/// Page cache of the store, in bytes. Replay and append both walk in key order, so this only has
/// to hold the pages in use; the rest is the kernel's page cache.
pub const JOURNAL_CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// Longest wait for the writer thread to finish on closing, in milliseconds.
pub const JOURNAL_CLOSE_MS_MAX: u64 = 1_000;
/// Longest wait for a just closed store to let go of its file, in milliseconds.
pub const JOURNAL_REOPEN_MS_MAX: u64 = 2_000;
/// Time between two looks at a call to the store, in milliseconds: one that is still under way is
/// roused (`journal::rouse`).
pub const JOURNAL_ROUSE_MS_MAX: u64 = 250;
/// Snapshot entries in one commit: few, so that the records between them wait briefly.
pub const SNAPSHOT_COMMIT_ENTRIES_MAX: usize = 16;
/// Snapshot commits waiting for the writer before the background thread is made to wait.
pub const SNAPSHOT_JOBS_MAX: usize = 2;
/// Largest snapshot, in bytes.
pub const SNAPSHOT_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Bytes written into a restored journal between two syncs.
pub const RESTORE_FLUSH_BYTES: usize = 1024 * 1024;
/// Bytes of a backup gathered before they are sent.
pub const BACKUP_PIECE_BYTES: usize = 64 * 1024;
/// Pieces of a backup that wait for a slow reader.
pub const BACKUP_PIECES_MAX: usize = 8;
/// Pause before a piece is offered to a slow reader again, in milliseconds.
pub const DOWNLOAD_RETRY_MS: u64 = 3;
/// Time without a piece taken after which a backup, or an export of the audit log, is broken off,
/// in milliseconds.
pub const DOWNLOAD_STALL_MS_MAX: u64 = 30_000;
/// Longest time that a tool takes to read a backup, in milliseconds.
pub const BACKUP_MS_MAX: u64 = 3_600_000;

/// Most courses in a plan.
pub const PLAN_REQUESTS_MAX: usize = 24;
/// Most sections ranked for one component.
pub const PLAN_CHOICES_MAX: usize = 20;
/// Most combinations of sections that one course request may span: the search's step limit.
pub const PLAN_COMBINATIONS_MAX: usize = 4096;
/// Most sections that one search for a combination looks at.
pub const SEARCH_STEPS_MAX: usize = 8 * PLAN_COMBINATIONS_MAX;
/// Most entries on one waitlist.
pub const WAITLIST_ENTRIES_MAX: usize = 10_000;
/// Requests remembered for one student in a term, unless the configuration says otherwise.
pub const REQUESTS_PER_STUDENT_MAX: u32 = 10_000;
/// Most alternatives offered for one course.
pub const ALTERNATIVES_MAX: usize = 3;
/// Most other courses looked at for an alternative.
pub const ALTERNATIVE_COURSES_MAX: usize = 40;
/// Most characters of somebody's input that an error repeats.
pub const ECHO_CHARS_MAX: usize = 80;

/// Largest theme of a university, in bytes.
pub const THEME_BYTES_MAX: usize = 16 * 1024;
/// Longest reason of an act, in characters.
pub const ACT_REASON_CHARS_MAX: usize = 300;
/// Most characters of an announcement that the audit log repeats.
pub const ACT_TEXT_CHARS_MAX: usize = 80;
/// Longest announcement in one language, in characters.
pub const ANNOUNCEMENT_CHARS_MAX: usize = 500;
/// Longest announcement in one language, in bytes: both must fit in one record with a reason.
pub const ANNOUNCEMENT_BYTES_MAX: usize = 1_000;
/// Acts kept in memory for the registrar's console; the journal has all of them.
pub const AUDIT_RECENT_MAX: usize = 1_000;
/// Exports of the audit log at once: each reads the whole journal.
pub const AUDIT_EXPORTS_MAX: usize = 2;
/// Pieces of an exported audit log that wait for a slow reader.
pub const AUDIT_PIECES_MAX: usize = 4;
/// A piece of an exported audit log is sent once it holds this much, in bytes.
pub const AUDIT_PIECE_BYTES: usize = 32 * 1024;

/// Largest body of an ordinary HTTP request, in bytes.
pub const HTTP_BODY_BYTES_MAX: usize = 64 * 1024;
/// Largest file that can be imported over HTTP, in bytes.
pub const IMPORT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most items in one page of a list.
pub const PAGE_ITEMS_MAX: u32 = 100;
/// Most characters of a search.
pub const SEARCH_CHARS_MAX: usize = 100;
/// Most courses whose seats are asked in one request.
pub const SEATS_COURSES_MAX: usize = 50;
/// Longest life of a token that `sluis token` makes, in minutes: a week.
pub const TOKEN_TTL_MINUTES_MAX: u32 = 10_080;
/// Longest life of an operator's, in minutes: a year, for a Prometheus on another machine.
pub const OPERATOR_TOKEN_TTL_MINUTES_MAX: u32 = 527_040;
/// Life of an operator's token unless said otherwise, in minutes: 90 days.
pub const OPERATOR_TOKEN_TTL_MINUTES: u32 = 129_600;
/// Longest sign-in token accepted, in bytes.
pub const TOKEN_BYTES_MAX: usize = 512;
/// Sign-ins of staff that were ended and are remembered; beyond these none is ended, and that is
/// said, since to forget one would let it hold again.
pub const STAFF_SIGN_OUTS_MAX: usize = 4_096;
/// How long one is remembered after it has run out, in milliseconds (two days): a wall clock that
/// was ahead by no more and is set back revives none.
pub const STAFF_SIGN_OUT_KEPT_MS: u64 = 48 * 3_600_000;
/// Students named one by one whom a restore would record as erased; the rest are counted.
pub const ERASURES_TOLD_MAX: usize = 20;
/// Students whose enrolments are exported in one turn of the Registrar.
pub const EXPORT_STUDENTS_CHUNK: usize = 500;
/// Times that an export waits out a Busy before it gives up.
pub const EXPORT_RETRIES_MAX: u32 = 20;
/// Times that what a registrar looks at waits out a Busy before it says so.
pub const SURVEY_RETRIES_MAX: u32 = 1;
/// Addresses that a rate limiter tells apart; beyond these they share one allowance.
pub const LIMITER_ADDRESSES_MAX: usize = 100_000;

/// Largest file that a command reads, in bytes.
pub const TOOL_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest wait of a tool for the gateway's answer, in milliseconds.
pub const ADMIN_REQUEST_MS_MAX: u64 = 120_000;
/// Largest answer that a tool takes from the gateway, in bytes.
pub const ADMIN_ANSWER_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Most characters of an error's text on the wire.
pub const ERROR_CHARS_MAX: usize = 300;
/// Most sections watched by one session.
pub const WATCHED_MAX: usize = 300;
/// Outcomes in a view: the latest of so many courses.
pub const VIEW_OUTCOMES_MAX: usize = 100;
/// Messages told one by one after a `resume`; more are left to the message centre. With the
/// welcome and what else may come they must fit in the session's mailbox.
pub const RESUME_MISSED_MAX: usize = 50;
/// Messages a second from one student, unless the configuration says otherwise.
pub const MESSAGES_PER_SECOND: u32 = 20;
/// Messages at once from one student, unless the configuration says otherwise.
pub const MESSAGES_BURST: u32 = 40;
/// Bytes of a message that count as one message against those rates; a longer one counts as several.
pub const MESSAGE_UNIT_BYTES: usize = 2 * 1024;
/// Messages over the limit, less those within it, after which the session is closed.
pub const MESSAGES_REFUSED_MAX: u32 = 100;
/// Sessions of one student, unless the configuration says otherwise.
pub const SESSIONS_PER_STUDENT_MAX: usize = 5;
/// WebSocket sessions in all, unless the configuration says otherwise.
pub const SESSIONS_MAX: usize = 19_000;
/// Commands accepted and not answered yet, unless the configuration says otherwise.
pub const JOBS_IN_FLIGHT_MAX: usize = 65_536;
/// Turns of the Registrar between two flushes.
pub const TURNS_PER_FLUSH_MAX: usize = 256;
/// Tickets that a line hands to the Registrar at once.
pub const ADMIT_BATCH_MAX: usize = 256;
/// Batches in the Registrar's mailbox.
pub const REGISTRAR_MAILBOX_MAX: usize = 8192;
/// Messages in a section's mailbox: the changes of one turn and one question.
pub const SECTION_MAILBOX_MAX: usize = 16_384;
/// Messages in a line's mailbox.
pub const LINE_MAILBOX_MAX: usize = 8192;
/// Messages in a worker's messenger's mailbox.
pub const MESSENGER_MAILBOX_MAX: usize = 65_536;
/// Messages in a student's hub's mailbox.
pub const STUDENT_MAILBOX_MAX: usize = 64;
/// Frames in a session's mailbox: more is a slow reader.
pub const SESSION_MAILBOX_MAX: usize = 64;
/// Largest text message from a client, in bytes, fragments joined.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Most fragments of one message.
pub const MESSAGE_FRAGMENTS_MAX: usize = 64;
/// Time from a message's first byte to its last, in milliseconds.
pub const MESSAGE_MS_MAX: u64 = 10_000;
/// Time that the body of an HTTP request has in any case, in milliseconds.
pub const BODY_MS_MIN: u64 = 10_000;
/// Beyond it a body must come at this many bytes a second.
pub const BODY_BYTES_PER_S_MIN: u64 = 4_096;
/// Pause before a hub that missed something is told so, in milliseconds.
pub const MISSED_RETRY_MS: u64 = 53;
/// How often a session is asked whether it lives, in milliseconds (an odd period).
pub const HEARTBEAT_MS: u64 = 19_937;
/// Silence after which a session is closed, in milliseconds.
pub const SILENCE_MS_MAX: u64 = 45_000;
/// Time in which the first message must come, in milliseconds.
pub const HELLO_MS_MAX: u64 = 10_000;
/// Time after which data that the peer did not acknowledge ends the connection, in milliseconds.
pub const TCP_USER_TIMEOUT_MS: u64 = 10_000;
/// Kernel send buffer of a connection, in bytes.
pub const SOCKET_SEND_BYTES: usize = 32 * 1024;
/// Time without a session after which a student's hub stops, in milliseconds.
pub const HUB_IDLE_MS: u64 = 29_989;
/// How often ranks on moved waitlists are pushed, in milliseconds.
pub const RANK_PUSH_MS: u64 = 997;
/// How often seats are pushed to a small crowd, in milliseconds.
pub const SEATS_PUSH_MS: u64 = 251;
/// How often positions are pushed to a small crowd, in milliseconds.
pub const POSITION_PUSH_MS: u64 = 251;
/// Sessions for which the pushes become one period slower.
pub const COARSER_PUSH_SESSIONS: u64 = 2_000;
/// A position is pushed when it fell by one part in so many, far from the front.
pub const POSITION_STEP_DIVISOR: u32 = 200;
/// Position pushes between two rounds of exact positions, after somebody left the line.
pub const EXACT_POSITION_TICKS: u64 = 8;
/// Position pushes between two forecasts.
pub const FORECAST_TICKS: u64 = 4;
/// Shortest time over which the serving rate is measured, in seconds.
pub const RATE_MEASURE_S: f64 = 1.0;
/// How often a line looks at the clock, in milliseconds.
pub const LINE_TICK_MS: u64 = 53;
/// How long before its end a window tells everybody that it closes, in milliseconds.
pub const CLOSING_NOTICE_MS: u64 = 15 * 60 * 1000;
/// How long an answer may take before Busy, in milliseconds.
pub const ANSWER_DEADLINE_MS: u64 = 5_000;
/// What a Busy answer asks to wait, in milliseconds.
pub const BUSY_RETRY_MS: u32 = 500;
/// What a stopping gateway asks to wait, in milliseconds, before the jitter.
pub const RESTART_RETRY_MS: u32 = 1_000;

/// Most sections ranked in a whole plan, over all its courses. A plan, and its outcome when every
/// course of it is waitlisted, must fit in one record.
pub const PLAN_SECTIONS_MAX: usize = 500;
/// Most components of a course.
pub const COMPONENTS_MAX: usize = 8;
/// Most meetings of a section.
pub const MEETINGS_MAX: usize = 30;
/// Most prerequisites of a course.
pub const PREREQUISITES_MAX: usize = 12;
/// Longest name of a course, term, programme or window, in one language, in bytes.
pub const COURSE_NAME_BYTES_MAX: usize = 200;
/// Longest description of a course, in one language, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 1000;
/// Longest link to the prospectus, in bytes.
pub const URL_BYTES_MAX: usize = 300;
/// Longest faculty, level, language, period or place, in bytes.
pub const SHORT_TEXT_BYTES_MAX: usize = 80;
/// Most blocks of a student.
pub const BLOCKS_MAX: usize = 10;
/// Most completed courses of a student.
pub const COMPLETED_MAX: usize = 250;
/// A student's completed courses together, in bytes: each counts its code's length and one.
pub const COMPLETED_BYTES_MAX: usize = 3100;
/// Most study results of a student.
pub const RESULTS_PER_STUDENT_MAX: usize = 500;
/// Highest number of an attempt at a course or a part of it.
pub const ATTEMPT_MAX: u8 = 20;
/// Devices on which one student is signed in; the oldest is signed out.
pub const DEVICES_PER_STUDENT_MAX: usize = 20;
/// Longest name of a browser and a system, in bytes.
pub const AGENT_BYTES_MAX: usize = 40;
/// Most courses named in a window's scope.
pub const WINDOW_COURSES_MAX: usize = 250;
/// The courses named in a window's scope together, in bytes: each counts its code's length and one.
pub const WINDOW_COURSES_BYTES_MAX: usize = 3300;
/// Times between two heartbeats that a slow reader may read everything back before it is closed.
pub const REFRESHES_MAX: u32 = 5;
/// How long a stopping gateway waits for its sessions to close, in milliseconds.
pub const STOP_SESSIONS_MS_MAX: u64 = 1_200;
/// How often a session without a hub looks whether the gateway stops, in milliseconds.
pub const STOP_LOOK_MS: u64 = 101;
/// How often the snapshot thread looks at the journal, in milliseconds.
pub const SNAPSHOT_LOOK_MS: u64 = 1_009;
/// Records in one look under which the journal counts as quiet.
pub const SNAPSHOT_QUIET_RECORDS: u64 = 1_000;
/// File descriptors that are not for sessions: the journal's, the threads', plain connections'.
/// With fewer than these and `limits.sessions_max` together, fewer sessions are let in.
pub const DESCRIPTORS_KEPT: u64 = 256;
/// Connections that the kernel holds for a busy server, before it refuses.
pub const LISTEN_BACKLOG: u32 = 4_096;

/// Largest file imported, in bytes, after decompression.
pub const IMPORT_TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest TOML file imported, in bytes: its parser keeps some ten times as much in memory.
pub const IMPORT_TOML_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most values (texts, numbers, lists, tables, cells) in an imported file.
pub const IMPORT_VALUES_MAX: usize = 4_000_000;
/// Faults of a file that are told one by one; the rest are counted.
pub const IMPORT_FAULTS_MAX: usize = 50;
/// Most seats of a section that has a capacity.
pub const CAPACITY_MAX: u32 = 1_000_000;
/// Most credits of a course or a window's limit, in hundredths of ECTS.
pub const CREDITS_MAX: u32 = 24_000;
/// Most sections of a component.
pub const COMPONENT_SECTIONS_MAX: usize = 1_000;
/// Highest year of study.
pub const STUDY_YEAR_MAX: u8 = 20;
/// Highest pace that a window may prescribe, in admissions a second.
pub const PACE_MAX: u32 = 1_000_000;
/// Longest wait between the first sign-in and the opening, in seconds.
pub const OPENS_AFTER_SIGN_IN_S_MAX: u32 = 86_400;
/// Latest time that a window may be planned for, in milliseconds since 1970: the end of 2999.
pub const SCHEDULE_MS_MAX: u64 = 32_503_680_000_000;
/// Connections besides the WebSockets that the HTTP server takes at once.
pub const PLAIN_CONNECTIONS_MAX: usize = 1_000;

/// Lines a second about requests, and as many about sign-ins, that were refused.
pub const REFUSALS_LOGGED_PER_S_MAX: u32 = 20;
/// Longest filter for log lines, in bytes.
pub const LOG_DIRECTIVES_BYTES_MAX: usize = 1024;
/// Connections to the operators' address at once.
pub const OPERATOR_CONNECTIONS_MAX: usize = 64;
/// Windows that metrics tell apart; beyond these they are counted together.
pub const METRIC_WINDOWS_MAX: usize = 32;
/// Terms that metrics tell apart; beyond these they are counted together.
pub const METRIC_TERMS_MAX: usize = 16;
/// Sections that metrics name: those under most pressure.
pub const METRIC_SECTIONS_MAX: usize = 20;
/// Waitlist entries counted for the metrics in one go; the rest wait for the next.
pub const TALLY_ENTRIES_CHUNK: usize = 20_000;
/// Students whose unread messages are counted in one go.
pub const TALLY_STUDENTS_CHUNK: usize = 2_000;
/// Period of the timer whose lateness is measured, in milliseconds.
pub const LAG_TIMER_MS: u64 = 101;
/// Most beats that one which came late stands for: a minute's.
pub const LAG_BEATS_MAX: u32 = 600;
/// Mailboxes of a kind that are told apart to find the fullest; beyond these they count as one.
pub const METRIC_MAILBOXES_MAX: usize = 64;
/// Blockers of plans that a survey keeps one by one; the rest are counted.
pub const SURVEY_ROWS_MAX: usize = 200_000;
/// Students, tickets or waitlist entries that a survey copies in one turn of the Registrar.
pub const SURVEY_TURN_ITEMS: usize = 500;
/// Waitlist entries that the preview of a capacity copies; beyond it, places given up elsewhere
/// are not followed.
pub const PREVIEW_ENTRIES_MAX: usize = 20_000;
/// Combinations of sections that an explanation lists; the rest are counted.
pub const WHY_COMBINATIONS_MAX: usize = 50;
/// Decisions in a student's file: the latest.
pub const FILE_OUTCOMES_MAX: usize = 200;
/// Most sections in a page of the board.
pub const BOARD_SECTIONS_MAX: u32 = 500;
/// How often the board notes seats taken, in milliseconds.
pub const BOARD_SAMPLE_MS: u64 = 1_999;
/// Samples that the board keeps: about a minute.
pub const BOARD_SAMPLES_MAX: usize = 31;
/// How long what several registrars look at is kept, in milliseconds.
pub const SURVEY_KEPT_MS: u64 = 1_000;

/// Largest answer of the university's sign-in provider, in bytes.
pub const OIDC_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Longest wait for one answer of the provider, in milliseconds.
pub const OIDC_ANSWER_MS_MAX: u64 = 5_000;
/// Sign-ins that talk to the provider at once; each has a blocking thread.
pub const OIDC_EXCHANGES_MAX: usize = 64;
/// Longest wait of a sign-in for its turn to talk to the provider, in milliseconds.
pub const OIDC_TURN_MS_MAX: u64 = 10_000;
/// Longest time between leaving for the provider and coming back, in milliseconds.
pub const OIDC_FLOW_MS_MAX: u64 = 600_000;
/// Sign-ins that came back and are remembered, so that none comes back twice; beyond these the
/// oldest is forgotten, whose code the provider still takes only once.
pub const OIDC_SPENT_MAX: usize = 100_000;
/// Longest code that the provider may send a browser back with, in bytes.
pub const OIDC_CODE_BYTES_MAX: usize = 4_096;
/// Longest path of the page that a sign-in may lead back to, in bytes.
pub const OIDC_RETURN_BYTES_MAX: usize = 200;
/// How long an answer of the provider counts as a sign of life, in milliseconds.
pub const OIDC_FRESH_MS: u64 = 3_000;
/// How often a provider that nobody signs in with is asked for its metadata, in milliseconds.
pub const OIDC_LOOK_MS: u64 = 59_999;
/// Pause before a provider that did not answer is asked again, in milliseconds; it doubles.
pub const OIDC_RETRY_MS: u64 = 1_000;
/// The longest such pause, in milliseconds.
pub const OIDC_RETRY_MS_MAX: u64 = 30_000;
/// Pause between two looks for new signing keys, in milliseconds.
pub const OIDC_KEYS_MS_MIN: u64 = 2_000;
/// Longest text of a setting for the provider, in bytes.
pub const OIDC_SETTING_BYTES_MAX: usize = 300;
/// Most values in a list of such a setting.
pub const OIDC_VALUES_MAX: usize = 50;
/// Largest difference allowed between the provider's clock and ours, in seconds.
pub const OIDC_SKEW_S_MAX: u32 = 300;
