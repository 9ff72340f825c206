//! Who is eligible, said a second time and plainly: every combination is tried, in no order. The
//! auditor trusts this and not the search that decides.

use crate::domain::course::WaitlistEntry;
use crate::domain::ids::{CourseId, SectionId};
use crate::domain::section::SectionStatus;
use crate::domain::university::University;
use crate::domain::window::ClashPolicy;

/// Whether the waiting entry could be promoted right now.
pub fn eligible(university: &University, course: CourseId, entry: &WaitlistEntry) -> bool {
    let registry = &university.registry;
    let catalogue = &registry.catalogue;
    let student = registry.student(entry.student);
    let rules = &registry.windows[entry.window.index()].rules;
    let info = catalogue.course(course);
    let kept: Vec<_> =
        student.enrolments.iter().filter(|e| Some(e.course) != entry.replaces).collect();
    let credits: u32 = kept.iter().map(|e| catalogue.course(e.course).credits.0).sum();
    let mut needed = info.prerequisites.iter();
    if student.blocks().next().is_some()
        || !needed.all(|p| student.has_completed(p))
        || rules.credit_limit.is_some_and(|limit| credits + info.credits.0 > limit.0)
    {
        return false;
    }
    let own = student.enrolment(course).filter(|_| entry.replaces == Some(course));
    let own: &[SectionId] = own.map_or(&[], |e| &e.sections);
    let enterable = |s: &SectionId| {
        let section = &university.sections[s.index()];
        let room = section.capacity.is_none_or(|c| section.taken < c);
        let free = section.status == SectionStatus::Open && room;
        free || (own.contains(s) && section.status != SectionStatus::Cancelled)
    };
    let clash = |s: &SectionId, others: &[SectionId]| {
        others.iter().any(|o| catalogue.sections_clash(*s, *o))
    };
    let fits = |combination: &[SectionId]| {
        combination.iter().enumerate().all(|(i, s)| {
            let parent = catalogue.section(*s).parent;
            let elsewhere = kept.iter().any(|e| clash(s, &e.sections));
            let clashes = elsewhere || clash(s, &combination[..i]);
            enterable(s)
                && parent.is_none_or(|p| combination.contains(&p))
                && !(rules.clash == ClashPolicy::Refuse && clashes)
        })
    };
    let mut combinations: Vec<Vec<SectionId>> = vec![vec![]];
    for component in 0..entry.request.choices.len() {
        let accepted = entry.request.accepted(catalogue, component);
        let longer = combinations
            .iter()
            .flat_map(|start| accepted.iter().map(|s| start.iter().copied().chain([*s]).collect()));
        combinations = longer.collect();
    }
    combinations.iter().any(|c| fits(c))
}

/// The first on the course's list who could be promoted right now.
pub fn first_eligible(university: &University, course: CourseId) -> Option<&WaitlistEntry> {
    let mut list = university.registry.book(course).waitlist.iter();
    list.find(|entry| eligible(university, course, entry))
}
