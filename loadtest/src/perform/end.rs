//! The end of a run: who was away looks again, message centres are read, and the model is closed
//! against the gateway's export.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Plan, Run};
use crate::admin::Admin;
use crate::error::{Error, Result};
use crate::model::{Findings, Model};
use crate::os;
use crate::runtime;
use crate::stage;
use crate::tab;
use crate::told::Windows;

/// Longest time for looking again.
const LOOK_MAX: Duration = Duration::from_secs(120);
/// Message centres read.
const CENTRES_MAX: usize = 4000;

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

impl Run<'_> {
    /// Ends the run and audits it, as far as the gateway still answers.
    pub(super) async fn audit(&mut self, plan: &Plan, partial: Option<&Error>) -> Findings {
        if let Some(pid) = self.stage.pid() {
            self.cpu_us += os::cpu(pid).map_or(0.0, |cpu| cpu.us_since(self.cpu_before));
        }
        self.world.over.send_replace(true);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let answers = {
            let admin = self.stage.admin();
            runtime::beside(move || Ok(admin.is_ready())).await.unwrap_or(false)
        };
        let mut complete = false;
        if answers && partial.is_none() {
            self.talk.say("looking again for who was away …");
            complete = self.look_again().await;
        }
        let (admin, window) = (self.stage.admin(), plan.window.clone());
        let has_export = answers && self.stage.registrar.is_some();
        let (export, order) = runtime::beside(move || {
            let order = answers.then(|| stage::order(&admin, &window)).flatten();
            Ok((if has_export { stage::export(&admin).ok() } else { None }, order))
        })
        .await
        .unwrap_or_default();
        if has_export && export.is_none() {
            self.world.measures.borrow_mut().error("export_unreadable");
        }
        let world = &self.world;
        let catalogue = Rc::new(world.population.catalogue.clone());
        let empty = Model::new(catalogue, Rc::new(Vec::new()), plan.rules);
        let model = world.model.replace(empty);
        model.finish(export.as_deref(), order.as_deref(), complete)
    }

    /// Everybody of whom something is not known signs in once more; whether all was heard.
    async fn look_again(&mut self) -> bool {
        let mut unknown: Vec<usize> = self.world.model.borrow().unknown().into_iter().collect();
        unknown.sort_unstable();
        let mut looking = JoinSet::new();
        for student in &unknown {
            let world = Rc::clone(&self.world);
            looking.spawn_local(tab::look_again(world, *student, self.stage.address));
        }
        let all = async { while looking.join_next().await.is_some() {} };
        let heard = timeout(LOOK_MAX, all).await.is_ok();
        self.read_centres().await && heard
    }

    /// Reads the message centres of all who have waited.
    async fn read_centres(&mut self) -> bool {
        let mut waited: Vec<usize> = self.world.model.borrow().unknown().into_iter().collect();
        waited.sort_unstable();
        let all = waited.len() <= CENTRES_MAX;
        waited.truncate(CENTRES_MAX);
        let address = self.stage.address;
        let tokens: Vec<(usize, String)> =
            waited.iter().map(|s| (*s, self.world.tokens[*s].clone())).collect();
        let read = runtime::beside(move || {
            let one =
                |(student, token): &(usize, String)| Ok((*student, stage::centre(address, token)?));
            tokens.iter().map(one).collect::<Result<Vec<_>>>()
        });
        let Ok(centres) = read.await else {
            self.world.measures.borrow_mut().error("message_centre_unreadable");
            return false;
        };
        let mut model = self.world.model.borrow_mut();
        for (student, messages) in &centres {
            model.centre(*student, messages);
        }
        all
    }
}
