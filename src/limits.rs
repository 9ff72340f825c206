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
/// Most courses named in a window's scope.
pub const WINDOW_COURSES_MAX: usize = 250;
/// The courses named in a window's scope together, in bytes: each counts its code's length and one.
pub const WINDOW_COURSES_BYTES_MAX: usize = 3300;
