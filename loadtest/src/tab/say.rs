//! What a tab sends, when it is due.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Absence, End, Kept, Pending, Player, Waiting};
use crate::model::Asked;
use crate::script::{Action, Later, Wish};
use crate::world::change;
use crate::ws::{Broken, Socket};

/// A course of a plan, as the gateway reads it.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
struct Course<'a> {
    course: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<serde_json::Value>,
    waitlist: bool,
}

impl Player {
    /// Does everything that is due.
    pub(super) async fn speak(&mut self, socket: &mut Socket) -> Result<Option<End>, Broken> {
        let now = Instant::now();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        while let Some(step) = self.tab.steps.get(self.next) {
            let Some(at) = self.when(step.at).filter(|at| *at <= now) else { break };
            if step.action == Action::Close && !self.pending.is_empty() {
                break;
            }
            if step.turn.is_some_and(|turn| turn > self.world.turn.get()) || self.in_turn {
                break;
            }
            self.in_turn = step.turn.is_some();
            if self.in_turn {
                self.ready = now;
            }
            let action = step.action.clone();
            self.next += 1;
            if action == Action::Close {
                return Ok(Some(End::Done));
            }
            self.act(&action, at);
        }
        self.change_mind(now);
        self.send_pending(socket, now).await?;
        if self.tab.cut_at.is_some_and(|at| due(self.when(at))) {
            self.tab.cut_at = None;
            self.world.measures.borrow_mut().counts.cut += 1;
            self.absence = Absence::Now;
            return Err(Broken::Gone("cut on purpose".into()));
        }
        if due(self.refresh_at) && !self.waiting.is_empty() {
            return Ok(Some(End::Reload));
        }
        if self.is_finished() {
            self.finish();
            if self.zero.is_some() {
                return Ok(Some(End::Done));
            }
        }
        Ok(None)
    }

    async fn send_pending(&mut self, socket: &mut Socket, now: Instant) -> Result<(), Broken> {
        for i in 0..self.pending.len() {
            let pending = &mut self.pending[i];
            let again = pending.again.is_some_and(|at| at <= now);
            if pending.sent && !again {
                continue;
            }
            (pending.sent, pending.again) = (true, None);
            pending.early = !self.world.is_open.get();
            socket.send(&pending.text).await?;
            // Her other tab's request has no place of its own in the gateway's memory: sent again
            // when she has been decided, it asks for another place in the line.
            let other = pending.kept == Kept::Arm && self.world.has_second(self.tab.student);
            let twice = !other && self.world.random.borrow_mut().chance(self.world.duplicate);
            if twice {
                socket.send(&self.pending[i].text).await?;
            }
            let mut measures = self.world.measures.borrow_mut();
            measures.counts.frames_out += 1 + u64::from(twice);
            measures.counts.duplicated += u64::from(twice);
        }
        Ok(())
    }

    /// Makes the message for an action; it is sent with all that is due.
    fn act(&mut self, action: &Action, intended: Instant) {
        let window = self.world.window.clone();
        let id = Uuid::now_v7();
        match action {
            Action::Plan(wishes) => {
                self.planned = wishes.iter().map(|wish| wish.course).collect();
                let text = json!({ "type": "set_plan", "courses": self.courses(wishes) });
                self.push(Kept::Plan, None, text, intended);
            }
            Action::Arm => {
                change(&self.world.arming, 1);
                self.asked(id, Asked::Plan, self.planned.clone());
                self.waiting.push(Waiting { id, since: None, positioned: false });
                let text = json!({ "type": "arm", "id": id, "window": window });
                self.push(Kept::Arm, Some(id), text, intended);
            }
            Action::Disarm => {
                let text = json!({ "type": "disarm", "window": window });
                self.push(Kept::Disarm, None, text, intended);
            }
            Action::Submit(wishes) => {
                self.asked(id, Asked::Plan, wishes.iter().map(|w| w.course).collect());
                self.waiting.push(Waiting { id, since: Some(intended), positioned: false });
                let courses = self.courses(wishes);
                let text =
                    json!({ "type": "submit", "id": id, "window": window, "courses": courses });
                self.push(Kept::Submit, Some(id), text, intended);
            }
            Action::Drop(course) => {
                self.asked(id, Asked::Change { gives: None }, vec![*course]);
                let text = json!({ "type": "drop", "id": id, "course": self.key(*course) });
                self.push(Kept::Change, Some(id), text, intended);
            }
            Action::Leave(course) => {
                self.asked(id, Asked::Change { gives: None }, vec![*course]);
                let course = self.key(*course);
                let text = json!({ "type": "leave_waitlist", "id": id, "course": course });
                self.push(Kept::Change, Some(id), text, intended);
            }
            Action::Swap(from, wish) => {
                self.asked(id, Asked::Change { gives: Some(*from) }, vec![wish.course]);
                let (from, to) = (self.key(*from), &self.courses(std::slice::from_ref(wish))[0]);
                let text = json!({ "type": "swap", "id": id, "from": from, "to": to });
                self.push(Kept::Change, Some(id), text, intended);
            }
            Action::Close => {}
        }
    }

    /// Drops or swaps something that she has, once that is due. What was due earlier than now was
    /// meant for then: its latency counts from there.
    fn change_mind(&mut self, now: Instant) {
        let Some(intended) = self.later_at.take_if(|at| *at <= now) else { return };
        let later = std::mem::replace(&mut self.tab.later, Later::Nothing);
        let Some(from) = self.held.first().copied() else { return };
        let all = self.world.population.catalogue.courses.len();
        let to = self.world.random.borrow_mut().below(all) as u32;
        let wanted = &self.world.population.students[self.tab.student].wishes;
        match later {
            Later::Swap if !self.held.contains(&to) && !wanted.contains(&to) => {
                self.act(&Action::Swap(from, crate::script::any(to, false)), intended);
            }
            Later::Swap | Later::Drop => self.act(&Action::Drop(from), intended),
            Later::Nothing => {}
        }
    }

    fn asked(&self, id: Uuid, asked: Asked, courses: Vec<u32>) {
        self.world.model.borrow_mut().asked(self.tab.student, id, asked, courses);
    }

    /// She wanted to leave the line and is in none, and what she waits for was not told: she has
    /// left, or was decided, and the word on it was lost. The same request again tells which.
    pub(super) fn ask_what_became(&mut self) {
        let waiting = self.waiting.iter().map(|waiting| waiting.id);
        let pending = |id: &Uuid| self.pending.iter().any(|p| p.id == Some(*id));
        let lost: Vec<Uuid> = waiting.filter(|id| !pending(id)).collect();
        for id in lost {
            change(&self.world.arming, 1);
            let text = json!({ "type": "arm", "id": id, "window": self.world.window });
            self.push(Kept::Arm, Some(id), text, Instant::now());
        }
    }

    fn push(&mut self, kept: Kept, id: Option<Uuid>, text: serde_json::Value, intended: Instant) {
        self.world.measures.borrow_mut().sent(intended, self.ready);
        let text = text.to_string();
        let (again, sent, early) = (None, false, false);
        self.pending.push(Pending { kept, id, text, intended, again, sent, early });
    }

    fn key(&self, course: u32) -> &str {
        &self.world.population.catalogue.courses[course as usize].key
    }

    fn courses(&self, wishes: &[Wish]) -> Vec<serde_json::Value> {
        let course = |wish: &Wish| {
            let choices = wish.choices.iter();
            let choices = choices.map(|choice| match choice {
                None => json!("any"),
                Some(sections) => json!(sections),
            });
            let course = self.key(wish.course);
            let course = Course { course, choices: choices.collect(), waitlist: wish.waitlist };
            json!(course)
        };
        wishes.iter().map(course).collect()
    }

    /// After her first outcome: what she does later, if anything.
    pub(super) fn plan_later(&mut self) {
        if self.tab.later != Later::Nothing && self.later_at.is_none() {
            self.later_at = Some(Instant::now() + Duration::from_secs_f64(self.tab.later_s));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::model::Rules;
    use crate::population::{Catalogue, Course, Population, Section, Student};
    use crate::script::{Step, Tab};
    use crate::wire::Kind;
    use crate::world::World;

    /// A student who has the first of two courses and changes her mind later.
    fn player(later: Later) -> Player {
        let section = |key: &str| Section { key: key.into(), capacity: Some(1), parent: None };
        let course = |key: &str, i| Course { key: key.into(), components: vec![vec![i]] };
        let catalogue = Catalogue {
            sections: vec![section("A/L"), section("B/L")],
            courses: vec![course("A", 0), course("B", 1)],
        };
        let students = vec![Student { key: "u0".into(), wishes: vec![0] }];
        let population = Rc::new(Population { file: None, catalogue, students });
        let rules = Rules { personal: false, alone: true };
        let numbers = (0.0, 10.0, 0.0, 1);
        let world = World::new(population, vec!["t".into()], "w".into(), rules, numbers);
        let tab = Tab {
            student: 0,
            connect_at: 0.0,
            steps: Vec::new(),
            slow_s: 0.0,
            refresh_s: 0.0,
            cut_at: None,
            later,
            later_s: 1.0,
            second: false,
        };
        let mut player = Player::new(world, tab, None);
        player.held = vec![0];
        player
    }

    #[test]
    fn a_change_of_mind_counts_from_when_it_was_due() {
        for later in [Later::Drop, Later::Swap] {
            let mut player = player(later);
            let due = Instant::now();
            player.later_at = Some(due);
            player.change_mind(due.checked_sub(Duration::from_millis(1)).unwrap());
            assert!(player.pending.is_empty() && player.later_at.is_some(), "it is not due yet");
            // This program was held up for half a second.
            player.change_mind(due + Duration::from_millis(500));
            let intended: Vec<Instant> = player.pending.iter().map(|p| p.intended).collect();
            assert_eq!(intended, [due], "{later:?}");
            assert_eq!((player.later_at, player.tab.later), (None, Later::Nothing));
        }
    }

    #[test]
    fn who_may_not_leave_a_line_asks_what_became_of_her_place() {
        // Given: plan and leaving are not answered, and her place in the line is.
        let mut player = player(Later::Nothing);
        let actions = [Action::Plan(Vec::new()), Action::Arm, Action::Disarm];
        for action in &actions {
            player.act(action, Instant::now());
        }
        player.tab.steps = actions.map(|action| Step::new(0.0, action)).into();
        player.next = player.tab.steps.len();
        player.pending.retain(|pending| pending.kept != Kept::Arm);
        change(&player.world.arming, -1);
        let id = player.waiting[0].id;
        let refused = |player: &mut Player, id: Option<Uuid>| {
            let error = json!({ "type": "error", "id": id, "code": "not_in_line", "detail": "-" });
            player.hear(Kind::Error, error.to_string().as_bytes(), 0);
            player.pending.iter().map(|p| (p.kept, p.id)).collect::<Vec<_>>()
        };
        // When she is told that she is in no line: it is not about the plan.
        let pending = refused(&mut player, None);
        assert_eq!(pending, [(Kept::Plan, None), (Kept::Arm, Some(id))]);
        // Then her first request says that she had left.
        assert_eq!(refused(&mut player, Some(id)), [(Kept::Plan, None)]);
        assert!(player.waiting.is_empty() && player.world.arming.get() == 0);
        assert_eq!(player.world.measures.borrow().error_count(), 0);
    }
}
