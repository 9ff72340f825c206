//! What is not known yet at the end of a run: requests without an outcome, and students who were
//! not asked since. Only what one of these can explain is left unjudged.

use std::collections::{HashMap, HashSet};

use super::{Asked, Exported, Model, Request, What};

impl Model {
    /// The run's time is over; the journal stands there.
    pub fn ended(&mut self, journal: u64) {
        self.ended = Some(journal);
    }

    /// She looked again, and was told everything up to the journal position `as_of`.
    pub fn looked(&mut self, student: usize, as_of: u64) {
        let before = self.looked.entry(student as u32).or_default();
        *before = as_of.max(*before);
    }

    /// The newest journal position that anybody was told.
    pub fn newest(&self) -> u64 {
        self.looked.values().copied().fold(self.newest, u64::max)
    }

    /// Students with a request that has no outcome.
    pub fn open(&self) -> HashSet<usize> {
        let open = self.requests.iter().filter(|r| !r.is_settled());
        open.map(|r| r.student as usize).collect()
    }

    /// Students who waited: they may have been promoted out of our sight.
    pub fn waiting(&self) -> HashSet<usize> {
        let waiting = self.events.iter().filter(|e| matches!(e.what, What::Waitlisted { .. }));
        waiting.map(|e| e.student as usize).collect()
    }

    /// The message centres of these count, too.
    pub fn count_on(&mut self, students: HashSet<usize>) {
        self.counted_on.extend(students);
    }

    /// Students whose message centres count and have not been read, in order.
    pub fn unread(&self) -> Vec<usize> {
        let count = self.waiting();
        let mut unread: Vec<usize> = count.union(&self.counted_on).copied().collect();
        unread.retain(|student| !self.centres.contains_key(&(*student as u32)));
        unread.sort_unstable();
        unread
    }

    /// Nobody's message centre is read any more: whoever's is missing, is.
    pub fn centres_end(&mut self) {
        self.missed = self.unread();
    }

    /// Students of whom something may not be known.
    pub fn unknown(&self) -> HashSet<usize> {
        self.open().union(&self.waiting()).copied().collect()
    }

    /// Whether this outcome was told.
    pub fn is_told(&self, id: &str, course: &str) -> bool {
        let request = uuid::Uuid::try_parse(id).ok().and_then(|id| self.by_id.get(&id));
        let course = self.courses.get(course);
        let (Some(request), Some(course)) = (request, course) else { return false };
        self.requests[*request as usize].told.iter().any(|told| told.course == *course)
    }

    /// Students of whom the export has something else than they were told. Who waits for a course
    /// was perhaps promoted: her message centre says so, and a welcome does not.
    pub fn untold(&self, rows: &[Exported]) -> HashSet<usize> {
        let mut has: HashMap<(u32, u32), (u64, bool)> = HashMap::new();
        let mut waits: HashSet<(u32, u32)> = HashSet::new();
        for event in &self.events {
            let grants = match event.what {
                What::Enrolled { .. } | What::Promoted { .. } | What::Placed { .. } => true,
                What::Dropped | What::Removed => false,
                What::Waitlisted { .. } => {
                    waits.insert((event.student, event.course));
                    continue;
                }
                _ => continue,
            };
            let given = event.gives.map(|given| (given, false));
            for (course, grants) in given.into_iter().chain([(event.course, grants)]) {
                let latest = has.entry((event.student, course)).or_default();
                if event.journal >= latest.0 {
                    *latest = (event.journal, grants);
                }
            }
        }
        has.retain(|_, (_, grants)| *grants);
        let keys = self.students.iter().enumerate();
        let students: HashMap<&str, u32> = keys.map(|(i, key)| (key.as_str(), i as u32)).collect();
        let mut untold = HashSet::new();
        for row in rows {
            let student = students.get(row.student.as_str()).copied();
            let (Some(student), Some(course)) = (student, self.courses.get(&row.course).copied())
            else {
                continue;
            };
            let same = has.remove(&(student, course)).is_some_and(|(at, _)| at == row.journal);
            if !same && !waits.contains(&(student, course)) {
                untold.insert(student as usize);
            }
        }
        untold.extend(has.keys().map(|(student, _)| *student as usize));
        untold
    }

    /// Requests without an outcome, or whose outcome was decided when the run's time was over.
    pub(super) fn undecided(&self) -> u64 {
        let late = |r: &Request| {
            self.ended.is_some_and(|ended| r.told.iter().any(|told| told.journal > ended))
        };
        let undecided = self.requests.iter().filter(|r| r.asked != Asked::Denied);
        undecided.filter(|r| !r.is_settled() || late(r)).count() as u64
    }

    /// Whether something of hers in the course may have been decided up to the journal position
    /// `needed` without our knowing: a request is open, and she was not asked since; or a later
    /// outcome of the course, after `since`, stands in front of it, because a welcome has the
    /// latest of each course only.
    pub(super) fn is_unseen(&self, pair: (u32, u32), needed: u64, since: u64) -> bool {
        self.may_be_unseen(pair, needed, since, Request::touches)
    }

    /// The same of giving the course back.
    pub(super) fn may_be_given(&self, pair: (u32, u32), needed: u64, since: u64) -> bool {
        self.may_be_unseen(pair, needed, since, Request::gives)
    }

    fn may_be_unseen(
        &self,
        (student, course): (u32, u32),
        needed: u64,
        since: u64,
        about: fn(&Request, u32) -> bool,
    ) -> bool {
        let hers = || self.of_student[student as usize].0.iter();
        let hers = || hers().map(|at| &self.requests[*at as usize]);
        let open: Vec<&Request> = hers().filter(|request| about(request, course)).collect();
        if open.is_empty() {
            return false;
        }
        let later: Vec<u32> = hers()
            .flat_map(|request| &request.told)
            .filter(|told| told.journal > since)
            .map(|told| told.course)
            .collect();
        self.looked.get(&student).is_none_or(|as_of| *as_of < needed)
            || open.iter().any(|request| request.courses.iter().any(|c| later.contains(c)))
    }
}

impl Request {
    pub(super) fn is_settled(&self) -> bool {
        match self.asked {
            Asked::Denied => true,
            Asked::Plan => self.told.len() >= self.courses.len(),
            Asked::Change { .. } => !self.told.is_empty(),
        }
    }

    /// Open, and its outcome may change what she has in the course.
    fn touches(&self, course: u32) -> bool {
        let told = self.told.iter().any(|told| told.course == course);
        !self.is_settled() && !told && (self.courses.contains(&course) || self.gives(course))
    }

    /// Open, and its outcome may give the course back.
    fn gives(&self, course: u32) -> bool {
        let Asked::Change { gives } = self.asked else { return false };
        let given = gives.map_or_else(|| self.courses.contains(&course), |given| given == course);
        given && !self.is_settled()
    }
}
