//! The end of a run. What was accepted is decided after it, too: so it is waited for, as far as it
//! comes soon. Then the export is read, whoever was told something else than it says looks again,
//! message centres are read, and the model is closed against it all.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Plan, Run, centres};
use crate::admin::Admin;
use crate::error::{Error, Result};
use crate::model::{Export, Findings, Model};
use crate::os;
use crate::runtime;
use crate::stage;
use crate::tab;
use crate::told::Windows;

/// Longest time for everybody to look again once.
const LOOK_MAX: Duration = Duration::from_secs(120);
/// A journal that stands as long as this stands still: nothing is being decided.
const STANDS: Duration = Duration::from_secs(1);
/// Those with something undecided look again so often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Longest time to learn where the journal stands, in which it is asked again.
const POSITION_MAX: Duration = Duration::from_secs(5);

/// Whether the window is open.
pub fn is_open(admin: &Admin, token: Option<&str>, window: &str) -> Result<bool> {
    let text = match token {
        Some(token) => admin.with_token(token).get("/api/windows")?,
        None => admin.get("/api/windows")?,
    };
    let told: Windows = serde_json::from_str(&text)
        .map_err(|e| Error::Failed(format!("the gateway's windows cannot be read: {e}")))?;
    match told.windows.iter().find(|w| w.key == window) {
        Some(found) if found.state == "closed" => Err(Error::Failed(format!(
            "window {window} is closed at the gateway; make a new one, or reset the rehearsal"
        ))),
        Some(found) => Ok(found.state == "open"),
        None => Err(Error::Failed(format!(
            "no window {window} at the gateway; set window.key in the scenario to one of its own"
        ))),
    }
}

/// Students of whom the export has something else than they were told.
fn untold(model: &Model, export: Option<&Export>) -> HashSet<usize> {
    export.map_or_else(HashSet::new, |export| model.untold(&export.rows))
}

impl Run<'_> {
    /// Ends the run and audits it, as far as the gateway still answers.
    pub(super) async fn audit(&mut self, plan: &Plan, partial: Option<&Error>) -> Findings {
        if let Some(pid) = self.stage.pid() {
            self.cpu_us += os::cpu(pid).map_or(0.0, |cpu| cpu.us_since(self.cpu_before));
        }
        self.world.over.send_replace(true);
        sleep(Duration::from_millis(50)).await;
        let answers = {
            let admin = self.stage.admin();
            runtime::beside(move || Ok(admin.is_ready())).await.unwrap_or(false)
        };
        let live = Arc::clone(&self.live);
        let mut asks = answers && partial.is_none();
        if asks {
            self.talk.say("looking again for who was away …");
            asks = tokio::select! {
                () = self.quiesce(plan.wait_max) => true,
                _ = tokio::signal::ctrl_c() => false,
                () = live.stopped() => false,
            };
        }
        let export = if answers { self.read_export().await } else { None };
        if asks {
            asks = tokio::select! {
                () = self.ask_again(export.as_ref()) => true,
                _ = tokio::signal::ctrl_c() => false,
                () = live.stopped() => false,
            };
        }
        if !asks {
            self.unheard.clear();
        }
        let complete = asks && self.unheard.is_empty();
        for _ in &self.unheard {
            self.world.measures.borrow_mut().error("look_again_failed");
        }
        let (admin, window) = (self.stage.admin(), plan.window.clone());
        let order =
            runtime::beside(move || Ok(answers.then(|| stage::order(&admin, &window)).flatten()));
        let order = order.await.unwrap_or_default();
        let world = &self.world;
        let catalogue = Rc::new(world.population.catalogue.clone());
        let empty = Model::new(catalogue, Rc::new(Vec::new()), plan.rules);
        let mut model = world.model.replace(empty);
        model.centres_end();
        model.finish(export.as_ref(), order.as_deref(), complete)
    }

    /// Where the journal stands; none if the gateway does not say.
    pub(super) async fn position(&self) -> Option<u64> {
        let (address, token) = (self.stage.address, self.world.tokens.first()?.clone());
        let since = Instant::now();
        loop {
            let token = token.clone();
            match runtime::beside(move || stage::position(address, &token)).await {
                Ok(position) => return Some(position),
                Err(_) if since.elapsed() > POSITION_MAX => return None,
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Everybody of whom something is not known signs in once more, and again, until every request
    /// has its outcome, the journal stands still, or the wait is over.
    async fn quiesce(&mut self, wait_max: Duration) {
        let until = Instant::now() + wait_max;
        let mut who: BTreeSet<usize> = self.world.model.borrow().unknown().into_iter().collect();
        let mut stands = false;
        loop {
            self.look_again(&who).await;
            who = self.world.model.borrow().open().into_iter().collect();
            if who.is_empty() || stands || Instant::now() >= until {
                return;
            }
            let many = who.len();
            self.talk
                .say(format_args!("{many} students have something undecided; waiting for it …"));
            stands = self.stands(until.min(Instant::now() + LOOK_EVERY)).await;
        }
    }

    /// Whether the journal stands still, before `until`.
    async fn stands(&self, until: Instant) -> bool {
        let mut before = None;
        loop {
            let now = self.position().await;
            if now.is_some() && now == before {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            before = now;
            sleep(STANDS).await;
        }
    }

    /// These sign in once more, and hear what they were not told.
    async fn look_again(&mut self, who: &BTreeSet<usize>) {
        self.unheard.extend(who);
        let mut looking = JoinSet::new();
        for student in who.iter().copied() {
            let (world, address) = (Rc::clone(&self.world), self.stage.address);
            looking.spawn_local(async move {
                tab::look_again(&world, student, address).await.map(|_| student)
            });
        }
        let unheard = &mut self.unheard;
        let all = async {
            while let Some(heard) = looking.join_next().await {
                if let Ok(Some(student)) = heard {
                    unheard.remove(&student);
                }
            }
        };
        let _ = timeout(LOOK_MAX, all).await;
    }

    /// Everybody's enrolments, with where the journal stood before and after.
    async fn read_export(&self) -> Option<Export> {
        self.stage.registrar.as_ref()?;
        let before = self.position().await;
        let admin = self.stage.admin();
        let Ok(rows) = runtime::beside(move || stage::export(&admin)).await else {
            self.world.measures.borrow_mut().error("export_unreadable");
            return None;
        };
        let until = self.position().await.unwrap_or(u64::MAX);
        let from = before.unwrap_or_else(|| self.world.model.borrow().newest());
        Some(Export { rows, from, until })
    }

    /// After the export: whoever has something undecided, was told something else than is in it, or
    /// could not be asked before, looks again; then message centres are read. What is in the export
    /// was decided before that, so she must be told now.
    async fn ask_again(&mut self, export: Option<&Export>) {
        let mut who = self.unheard.clone();
        {
            let model = self.world.model.borrow();
            who.extend(model.open().into_iter().chain(untold(&model, export)));
        }
        self.look_again(&who).await;
        let who = {
            let mut model = self.world.model.borrow_mut();
            let untold = untold(&model, export);
            model.count_on(untold);
            model.unread()
        };
        self.read_centres(&who).await;
    }

    /// Reads these message centres.
    async fn read_centres(&mut self, who: &[usize]) {
        if who.is_empty() {
            return;
        }
        self.talk.say(format_args!("reading {} message centres …", who.len()));
        let tokens = &self.world.tokens;
        let who: Vec<(usize, String)> =
            who.iter().map(|student| (*student, tokens[*student].clone())).collect();
        let (centres, unread) = centres::read(self.stage.address, &who, centres::READ_MAX).await;
        for _ in unread {
            self.world.measures.borrow_mut().error("message_centre_unread");
        }
        let mut model = self.world.model.borrow_mut();
        for (student, messages, as_of) in &centres {
            model.centre(*student, messages, *as_of);
        }
    }
}
