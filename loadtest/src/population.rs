//! Who asks for what, and of which catalogue: from demand files, drawn from a shape, or drawn over
//! the catalogue of a gateway that is there.

use std::fmt::Write;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::files;
use crate::random::Random;
use crate::scenario::{Demand, Generated, Scenario};

/// Credits of a generated course.
const CREDITS: u32 = 4;
/// Tries to find a course that she does not ask for yet.
const TRIES_MAX: u32 = 64;

/// What can be asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Catalogue {
    /// Courses.
    pub courses: Vec<Course>,
    /// Sections of all courses.
    pub sections: Vec<Section>,
}

/// A course.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Course {
    /// Its code.
    pub key: String,
    /// By component, indices into [`Catalogue::sections`]: a seat in one of each is granted.
    pub components: Vec<Vec<u32>>,
}

/// A section.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Section {
    /// `course/section`.
    pub key: String,
    /// Seats; absent: unlimited.
    pub capacity: Option<u32>,
    /// The section that must be chosen with it.
    pub parent: Option<u32>,
}

/// A student.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Student {
    /// Her key at the gateway.
    pub key: String,
    /// Courses she asks for, best first.
    pub wishes: Vec<u32>,
}

/// Students and what they ask for.
#[derive(Clone, Debug)]
pub struct Population {
    /// What there is.
    pub catalogue: Catalogue,
    /// Who.
    pub students: Vec<Student>,
    /// The catalogue as a file that `sluis catalogue import` reads: name and content; none when
    /// the gateway has it already.
    pub file: Option<(&'static str, Vec<u8>)>,
}

impl Catalogue {
    /// Whether some combination of sections of the course is free.
    pub fn fits(&self, course: usize, free: &dyn Fn(u32) -> bool) -> bool {
        self.search(&self.courses[course].components, &mut Vec::new(), free)
    }

    fn search(
        &self,
        components: &[Vec<u32>],
        chosen: &mut Vec<u32>,
        free: &dyn Fn(u32) -> bool,
    ) -> bool {
        let Some((first, rest)) = components.split_first() else {
            return true;
        };
        for section in first {
            let parent = self.sections[*section as usize].parent;
            if free(*section) && parent.is_none_or(|parent| chosen.contains(&parent)) {
                chosen.push(*section);
                if self.search(rest, chosen, free) {
                    return true;
                }
                chosen.pop();
            }
        }
        false
    }
}

/// Of a scenario, for a gateway of our own.
pub fn of(scenario: &Scenario, seed: u64) -> Result<Population> {
    match &scenario.demand {
        Demand::Files(demand) => {
            let sections = scenario.base.join(&demand.sections);
            let demand = files::read(&sections, &scenario.base.join(&demand.requests))?;
            let mut population = of_files(demand);
            population.file = Some(("sections.json", files::read_file(&sections)?));
            Ok(population)
        }
        Demand::Generated(shape) => {
            let count = scenario.students.count.unwrap_or(1);
            let (catalogue, toml) = generated(shape, count);
            let students = draw(shape, catalogue.courses.len(), count, seed);
            let file = Some(("catalogue.toml", toml.into_bytes()));
            Ok(Population { catalogue, students, file })
        }
    }
}

fn of_files(demand: files::Demand) -> Population {
    let mut catalogue = Catalogue::default();
    for (i, section) in demand.sections.into_iter().enumerate() {
        let key = format!("{}/1", section.id);
        let capacity = Some(section.capacity);
        catalogue.sections.push(Section { key, capacity, parent: None });
        catalogue.courses.push(Course { key: section.id, components: vec![vec![i as u32]] });
    }
    let students = demand.students.into_iter();
    let students = students.map(|s| Student { key: s.key, wishes: s.requests }).collect();
    Population { catalogue, students, file: None }
}

/// A catalogue with room for `students` at the shape's ratio, and its file.
fn generated(shape: &Generated, students: usize) -> (Catalogue, String) {
    let requests = students as f64 * f64::from(shape.requests_per_student);
    let seats = (requests / shape.ratio / f64::from(shape.courses)).ceil().max(1.0) as u32;
    let mut catalogue = Catalogue::default();
    let mut text = String::from(
        "[[terms]]\nkey = \"term\"\nname = { nl = \"Term\", en = \"Term\" }\n\
         first_monday = 2027-02-08\n",
    );
    for i in 0..shape.courses {
        add_course(&mut catalogue, &mut text, i, seats, shape.groups);
    }
    (catalogue, text)
}

fn add_course(catalogue: &mut Catalogue, text: &mut String, i: u32, seats: u32, groups: u32) {
    let code = format!("C{}", i + 1);
    let (day, start) = (["mon", "tue", "wed", "thu", "fri"][i as usize % 5], 8 + 2 * (i / 5 % 5));
    let end = start + 2;
    let _ = write!(
        text,
        "\n[[courses]]\ncode = \"{code}\"\nterm = \"term\"\nects = {CREDITS}\n\
         name = {{ nl = \"Course {n}\", en = \"Course {n}\" }}\ncomponents = [\n  \
         {{ kind = \"lecture\", sections = [{{ key = \"L\", capacity = {seats}, meetings = [\
         {{ day = \"{day}\", start = \"{start:02}:00\", end = \"{end:02}:00\", weeks = \"6-20\" \
         }}] }}] }},\n",
        n = i + 1
    );
    let first = catalogue.sections.len() as u32;
    let lecture = Section { key: format!("{code}/L"), capacity: Some(seats), parent: None };
    catalogue.sections.push(lecture);
    let mut components = vec![vec![first]];
    if groups > 0 {
        let room = seats.div_ceil(groups);
        let _ = writeln!(text, "  {{ kind = \"tutorial\", sections = [");
        for group in 1..=groups {
            let _ = writeln!(text, "    {{ key = \"T{group}\", capacity = {room} }},");
            let key = format!("{code}/T{group}");
            catalogue.sections.push(Section { key, capacity: Some(room), parent: None });
        }
        components.push((first + 1..=first + groups).collect());
        let _ = writeln!(text, "  ] }},");
    }
    let _ = writeln!(text, "]");
    catalogue.courses.push(Course { key: code, components });
}

/// Draws everybody's wishes; the first courses are the hot ones.
fn draw(shape: &Generated, courses: usize, students: usize, seed: u64) -> Vec<Student> {
    let mut random = Random::new(seed, 1);
    let hot = ((courses as f64 * shape.hot_share).round() as usize).min(courses);
    let most = (shape.requests_per_student as usize).min(courses);
    let mut wishes_of = |_| {
        let mut wishes: Vec<u32> = Vec::with_capacity(most);
        while wishes.len() < most {
            let mut course = one(&mut random, shape, hot, courses);
            let mut tries = 0;
            while wishes.contains(&course) {
                tries += 1;
                course = match tries < TRIES_MAX {
                    true => one(&mut random, shape, hot, courses),
                    false => (course + 1) % courses as u32,
                };
            }
            wishes.push(course);
        }
        wishes
    };
    let student = |i: usize| Student { key: format!("u{}", i + 1), wishes: wishes_of(i) };
    (0..students).map(student).collect()
}

fn one(random: &mut Random, shape: &Generated, hot: usize, courses: usize) -> u32 {
    let to_hot = hot == courses || (hot > 0 && random.chance(shape.hot_demand));
    let course = if to_hot { random.below(hot) } else { hot + random.below(courses - hot) };
    course as u32
}

/// A page of a gateway's catalogue.
#[derive(Deserialize)]
struct Page {
    courses: Vec<CourseView>,
}

#[derive(Deserialize)]
struct CourseView {
    key: String,
    part_of: Option<String>,
    components: Vec<ComponentView>,
}

#[derive(Deserialize)]
struct ComponentView {
    sections: Vec<SectionView>,
}

#[derive(Deserialize)]
struct SectionView {
    key: String,
    parent: Option<String>,
    capacity: Option<u32>,
}

/// Most courses in a page of a catalogue.
const PAGE: usize = 100;

/// Of a gateway that is there: its catalogue, and these students.
pub fn of_target(
    scenario: &Scenario,
    seed: u64,
    students: &[String],
    get: &dyn Fn(&str) -> Result<String>,
) -> Result<Population> {
    let mut catalogue = Catalogue::default();
    for page in 1.. {
        let text = get(&format!("/api/catalogue?page={page}&per_page={PAGE}"))?;
        let found: Page = serde_json::from_str(&text)
            .map_err(|e| Error::Failed(format!("the gateway's catalogue cannot be read: {e}")))?;
        let count = found.courses.len();
        found
            .courses
            .into_iter()
            .filter(|c| c.part_of.is_none())
            .for_each(|c| take(&mut catalogue, c));
        if count < PAGE {
            break;
        }
    }
    if catalogue.courses.is_empty() {
        let text = "the gateway has no courses; import a catalogue there first";
        return Err(Error::Unavailable(text.into()));
    }
    let drawn = match &scenario.demand {
        Demand::Generated(shape) => {
            let count = scenario.students.count.unwrap_or(students.len()).min(students.len());
            draw(shape, catalogue.courses.len(), count, seed)
        }
        Demand::Files(_) => chosen(of(scenario, seed)?, &catalogue)?,
    };
    let named = drawn.into_iter().zip(students);
    let students = named.map(|(drawn, key)| Student { key: key.clone(), ..drawn }).collect();
    Ok(Population { catalogue, students, file: None })
}

/// The wishes of a demand file, with the courses of the gateway's catalogue.
fn chosen(population: Population, catalogue: &Catalogue) -> Result<Vec<Student>> {
    let find = |course: &u32| {
        let key = &population.catalogue.courses[*course as usize].key;
        let found = catalogue.courses.iter().position(|c| c.key == *key);
        found.map(|i| i as u32).ok_or_else(|| {
            Error::BadFile(format!(
                "course {key} of the demand file is not at the gateway; use the \
                                    demand of the term that is imported there"
            ))
        })
    };
    let student = |s: &Student| {
        let wishes = s.wishes.iter().map(find).collect::<Result<Vec<u32>>>()?;
        Ok(Student { key: s.key.clone(), wishes })
    };
    population.students.iter().map(student).collect()
}

fn take(catalogue: &mut Catalogue, course: CourseView) {
    let mut components = Vec::new();
    for component in course.components {
        let mut indices = Vec::new();
        for section in component.sections {
            let sections = &catalogue.sections;
            let parent = section.parent.and_then(|p| sections.iter().position(|s| s.key == p));
            indices.push(sections.len() as u32);
            let (key, capacity) = (section.key, section.capacity);
            let parent = parent.map(|i| i as u32);
            catalogue.sections.push(Section { key, capacity, parent });
        }
        components.push(indices);
    }
    catalogue.courses.push(Course { key: course.key, components });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Generated {
        Generated {
            courses: 20,
            groups: 2,
            requests_per_student: 3,
            ratio: 1.5,
            hot_share: 0.1,
            hot_demand: 0.5,
        }
    }

    #[test]
    fn a_generated_demand_has_the_shape_asked_for() {
        let students = draw(&shape(), 20, 1000, 5);
        let all: Vec<u32> = students.iter().flat_map(|s| s.wishes.clone()).collect();
        assert_eq!(all.len(), 3000);
        assert!(students.iter().all(|s| {
            s.wishes.iter().all(|w| s.wishes.iter().filter(|other| *other == w).count() == 1)
        }));
        let hot = all.iter().filter(|w| **w < 2).count() as f64 / 3000.0;
        assert!((0.35..0.55).contains(&hot), "{hot}");
        assert_eq!(students, draw(&shape(), 20, 1000, 5));
        assert_ne!(students, draw(&shape(), 20, 1000, 6));
        let (catalogue, text) = generated(&shape(), 1000);
        assert_eq!(catalogue.courses[19].components, [vec![57], vec![58, 59]]);
        assert_eq!(catalogue.sections[0].capacity, Some(100));
        assert!(toml::from_str::<toml::Table>(&text).is_ok());
    }

    #[test]
    fn everybody_can_want_everything() {
        let all = Generated { courses: 3, hot_share: 0.3, hot_demand: 1.0, ..shape() };
        assert!(draw(&all, 3, 10, 1).iter().all(|s| s.wishes.len() == 3));
    }

    #[test]
    fn a_combination_fits_when_each_component_and_its_parent_are_free() {
        let section = |parent| Section { parent, capacity: Some(1), ..Section::default() };
        let catalogue = Catalogue {
            sections: vec![section(None), section(None), section(Some(0)), section(Some(1))],
            courses: vec![Course { components: vec![vec![0, 1], vec![2, 3]], ..Course::default() }],
        };
        assert!(catalogue.fits(0, &|_| true));
        assert!(catalogue.fits(0, &|s| s != 0 && s != 2));
        assert!(!catalogue.fits(0, &|s| s != 0 && s != 3), "the group of the full lecture");
    }
}
