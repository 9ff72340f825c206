//! Every bound, in one place, unit last. A limit is a promise (I16): each has a test at the bound.

/// Largest entry written to the store, in bytes. Bigger values reach sled's blob files, which
/// nothing syncs (`docs/decisions/0002-sled.md`).
pub const JOURNAL_ENTRY_BYTES_MAX: usize = 4096;
/// Largest record, in bytes: it must fit in one entry with its header.
pub const JOURNAL_RECORD_BYTES_MAX: usize = 3968;
/// Most entries in one commit.
pub const JOURNAL_COMMIT_ENTRIES_MAX: usize = 64;
/// Most bytes waiting for the journal writer before it answers "full".
pub const JOURNAL_PENDING_BYTES_MAX: usize = 64 * 1024 * 1024;
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
/// Snapshot entries in one commit: few, so that the records between them wait briefly.
pub const SNAPSHOT_COMMIT_ENTRIES_MAX: usize = 16;
/// Snapshot commits waiting for the writer before the background thread is made to wait.
pub const SNAPSHOT_JOBS_MAX: usize = 2;
/// Largest snapshot, in bytes.
pub const SNAPSHOT_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Most courses in a plan.
pub const PLAN_REQUESTS_MAX: usize = 24;
/// Most sections ranked for one component.
pub const PLAN_CHOICES_MAX: usize = 20;
/// Most combinations of sections that one course request may span: the search's step limit.
pub const PLAN_COMBINATIONS_MAX: usize = 4096;
/// Most entries on one waitlist.
pub const WAITLIST_ENTRIES_MAX: usize = 10_000;
/// Requests remembered for one student in a term, unless the configuration says otherwise.
pub const REQUESTS_PER_STUDENT_MAX: u32 = 10_000;
/// Most alternatives offered for one course.
pub const ALTERNATIVES_MAX: usize = 3;
/// Most characters of somebody's input that an error repeats.
pub const ECHO_CHARS_MAX: usize = 80;
/// Largest file that is imported, in bytes.
pub const IMPORT_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest wait of a tool for the gateway's answer, in milliseconds.
pub const ADMIN_REQUEST_MS_MAX: u64 = 120_000;
/// Largest answer that a tool takes from the gateway, in bytes.
pub const ADMIN_ANSWER_BYTES_MAX: u64 = 1024 * 1024 * 1024;
