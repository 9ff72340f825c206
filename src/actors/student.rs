//! One hub per connected student: all her tabs and devices see the same. Her state belongs to the
//! Registrar and outlives the hub.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, Recipient};
use actix::{Running, prelude::SendError};
use bytestring::ByteString;
use uuid::Uuid;

use super::gateway::{Denied, Gateway};
use super::interest::Interest;
use super::messenger::{HubStarted, HubStopped, Messenger, send_view};
use super::news::{Bulletin, LineState, News, Public};
use crate::clock;
use crate::domain::account::DeviceId;
use crate::domain::ids::{SectionId, StudentId, Ticket, WindowId};
use crate::domain::line::eta;
use crate::domain::section::Section;
use crate::limits;
use crate::metrics::Asked;
use crate::protocol::close::Close;
use crate::protocol::convert;
use crate::protocol::server::{OutcomeView, ServerMessage};

/// To one session.
#[derive(Message)]
#[rtype("()")]
pub enum ToSession {
    /// A text frame.
    Frame(ByteString),
    /// Close it.
    Close(Close),
}

/// What a session and its hub share: set when a frame did not fit in the session's mailbox.
pub type Behind = Arc<AtomicBool>;

struct Seat {
    number: u32,
    sink: Recipient<ToSession>,
    behind: Behind,
    /// The device whose sign-in it came with; a tool's has none.
    device: Option<DeviceId>,
    /// Nothing is sent before the first view, or news would come before what it is news of.
    shown: bool,
    watched: Vec<SectionId>,
}

/// Her place in a line, and when it was so.
struct Place {
    window: WindowId,
    ticket: Option<Ticket>,
    position: u32,
    served: u32,
    /// Last told; 0 is never.
    told: u32,
}

/// The actor.
pub struct StudentActor {
    id: StudentId,
    generation: u64,
    gateway: Gateway,
    messenger: Addr<Messenger>,
    /// Whether the messenger knows of this hub.
    announced: bool,
    interest: Interest,
    sessions: Vec<Seat>,
    places: Vec<Place>,
    /// Unread messages and the position in her stream, as last told.
    unread: u32,
    sequence: u32,
}

impl StudentActor {
    /// Starts a hub without sessions on the current worker. The messenger is told before anybody
    /// can send the hub a session, so that no answer comes before it is known.
    pub fn begin(
        id: StudentId,
        generation: u64,
        gateway: Gateway,
        messenger: Addr<Messenger>,
    ) -> Addr<Self> {
        super::start_with(limits::STUDENT_MAILBOX_MAX, |addr| {
            let (address, interest) = (addr.clone(), Interest::default());
            let started =
                HubStarted { student: id, generation, address, interest: interest.clone() };
            Self {
                id,
                generation,
                gateway,
                announced: messenger.try_send(started).is_ok(),
                messenger,
                interest,
                sessions: Vec::new(),
                places: Vec::new(),
                unread: 0,
                sequence: 0,
            }
        })
    }

    /// Says what is of use here, as it is now.
    fn say_interest(&self) {
        let watches = self.sessions.iter().any(|seat| !seat.watched.is_empty());
        self.interest.say(watches, !self.places.is_empty());
    }

    fn send(&mut self, message: &ServerMessage) {
        let frame = frame(message);
        self.send_frame(&frame, |_| true);
    }

    fn send_frame(&mut self, frame: &ByteString, to: impl Fn(&Seat) -> bool) {
        let metrics = self.gateway.metrics();
        self.sessions.retain(|seat| {
            if !seat.shown || !to(seat) {
                return true;
            }
            match seat.sink.try_send(ToSession::Frame(frame.clone())) {
                Ok(()) => true,
                Err(SendError::Full(_)) => {
                    seat.behind.store(true, Ordering::Release);
                    metrics.slow_consumer();
                    true
                }
                Err(SendError::Closed(_)) => false,
            }
        });
    }

    fn deny(&mut self, session: u32, id: Option<Uuid>, why: &Denied) {
        if let Denied::Rejected(rejection) = why {
            self.gateway.metrics().message_refused(rejection.key());
        }
        self.send_frame(&frame(&denial(id, why)), |seat| seat.number == session);
    }

    /// Has a session shown everything again.
    fn show(&mut self, session: u32) {
        let to = (self.id, session);
        if send_view(&self.gateway, &self.messenger, to, None).is_err() {
            self.not_shown(session);
        }
    }

    /// A session that cannot be shown anything would be silent for ever: it comes back later.
    fn not_shown(&mut self, session: u32) {
        let close = if self.gateway.is_ready() { Close::Busy } else { Close::Restart };
        for seat in self.sessions.extract_if(.., |seat| seat.number == session) {
            let _ = seat.sink.try_send(ToSession::Close(close));
        }
    }

    fn news(&mut self, all: Vec<News>, durable: Instant) {
        let public = self.gateway.public();
        let mut outcomes: Vec<OutcomeView> = Vec::new();
        let mut ended: Vec<String> = Vec::new();
        // Nearly always one; the others of the same commit are not worth a list.
        let mut first: Option<Asked> = None;
        let mut more: Vec<Asked> = Vec::new();
        let mut last = (0, 0);
        for news in all {
            if let News::Outcomes {
                request,
                outcomes: list,
                instead_of,
                journal,
                at,
                sequence,
                unread,
                served,
                asked,
            } = news
            {
                match (first, asked) {
                    (None, asked) => first = asked,
                    (Some(_), asked) => more.extend(asked),
                }
                let (devices, ticket) = (self.sessions.len(), served.is_some());
                tracing::debug!(?request, ticket, journal = journal.0, devices, "outcome told");
                last = (sequence, unread);
                (self.sequence, self.unread) = last;
                if let Some(window) = served {
                    let window = public.window_key(window).to_owned();
                    if list.is_empty() {
                        // Nothing that it covers was left in her plan: her place ends all the same.
                        self.send(&ServerMessage::Disarmed { window });
                    } else {
                        ended.push(window);
                    }
                }
                self.places.retain(|place| Some(place.window) != served);
                let catalogue = &public.catalogue;
                outcomes.extend(list.iter().map(|(course, outcome)| {
                    let when = (journal, at);
                    convert::outcome_view(catalogue, request, *course, outcome, instead_of, when)
                }));
                continue;
            }
            self.flush_outcomes(&mut outcomes, &mut ended, last);
            self.one(&public, news);
        }
        self.flush_outcomes(&mut outcomes, &mut ended, last);
        if let Some(first) = first
            && self.sessions.iter().any(|seat| seat.shown)
        {
            let (metrics, now) = (self.gateway.metrics(), clock::monotonic());
            metrics.told(&[first], durable, now);
            metrics.told(&more, durable, now);
        }
    }

    fn flush_outcomes(
        &mut self,
        outcomes: &mut Vec<OutcomeView>,
        ended: &mut Vec<String>,
        (sequence, unread): (u32, u32),
    ) {
        if !outcomes.is_empty() {
            let (outcomes, served) = (std::mem::take(outcomes), std::mem::take(ended));
            self.send(&ServerMessage::Outcomes { sequence, unread, outcomes, served });
        }
    }

    fn one(&mut self, public: &Public, news: News) {
        let key = |window: WindowId| public.window_key(window).to_owned();
        match news {
            News::Outcomes { .. } => {}
            News::Message { message, unread, sequence } => {
                (self.sequence, self.unread) = (sequence, unread);
                self.send(&ServerMessage::Message { message: *message, unread, sequence });
            }
            News::Rank(entry) => self.send(&ServerMessage::WaitlistRank { entry: *entry }),
            News::Armed { window, ticket, among } => {
                self.place(window).ticket = Some(ticket);
                let window = key(window);
                self.send(&ServerMessage::Armed { window, ticket: ticket.0, among });
            }
            News::Disarmed(window) => {
                self.places.retain(|place| place.window != window);
                self.send(&ServerMessage::Disarmed { window: key(window) });
            }
            News::Plan { plan, sequence } => {
                self.send(&ServerMessage::Plan { plan: *plan, sequence });
            }
            News::Position { window, position, line } => {
                let place = self.place(window);
                place.position = position;
                place.served = line.served;
                place.told = position;
                self.send_position(&key(window), position, line);
            }
            News::Forecast { window, courses } => {
                let courses = courses.iter();
                let views = courses.map(|c| convert::forecast_view(&public.catalogue, c));
                let (window, courses) = (key(window), views.collect());
                self.send(&ServerMessage::Forecast { window, courses });
            }
            News::View { session, view, missed } => {
                let Some(seat) = self.sessions.iter_mut().find(|s| s.number == session) else {
                    return;
                };
                seat.shown = true;
                let watched = seat.watched.clone();
                (self.sequence, self.unread) = (view.sequence, view.unread);
                let unread = view.unread;
                let welcome = frame(&ServerMessage::Welcome(view));
                self.send_frame(&welcome, |seat| seat.number == session);
                for (message, sequence) in missed {
                    let frame = frame(&ServerMessage::Message { message, unread, sequence });
                    self.send_frame(&frame, |seat| seat.number == session);
                }
                if !watched.is_empty() {
                    self.send_seats(public, session, &watched);
                }
            }
            News::Read { up_to, unread, sequence } => {
                (self.sequence, self.unread) = (sequence, unread);
                self.send(&ServerMessage::Read { up_to: up_to.0, unread, sequence });
            }
            News::Preferences { preferences, sequence } => {
                self.sequence = sequence;
                let preferences = convert::preferences_view(&preferences);
                self.send(&ServerMessage::Preferences { preferences, sequence });
            }
            News::SignIns { devices, everywhere } => self.close_others(&devices, everywhere),
            News::NotShown { session } => self.not_shown(session),
            News::Denied { session, id, why } => self.deny(session, id, &why),
        }
    }

    fn place(&mut self, window: WindowId) -> &mut Place {
        let found = self.places.iter().position(|place| place.window == window);
        let index = found.unwrap_or_else(|| {
            let place = Place { window, ticket: None, position: 0, served: 0, told: 0 };
            self.places.push(place);
            self.places.len() - 1
        });
        &mut self.places[index]
    }

    fn send_position(&mut self, window: &str, position: u32, line: LineState) {
        let eta = eta(position, line.rate);
        self.send(&ServerMessage::Position {
            window: window.to_owned(),
            position,
            of: line.waiting.max(position),
            eta_low: eta.map(|eta| eta.low_s),
            eta_high: eta.map(|eta| eta.high_s),
            serving: line.served,
        });
    }

    /// The line moved: everybody decided since her exact place was told stood before her, so her
    /// place is at most this. Far from the front it is told less often.
    fn line_moved(&mut self, public: &Public, window: WindowId, line: LineState) {
        let Some(place) = self.places.iter_mut().find(|p| p.window == window) else { return };
        if place.told == 0 {
            return;
        }
        let since = line.served.saturating_sub(place.served);
        let position = place.position.saturating_sub(since).max(1);
        let step = (position / limits::POSITION_STEP_DIVISOR).max(1);
        if place.told < position + step {
            return;
        }
        place.told = position;
        self.send_position(public.window_key(window), position, line);
    }

    fn bulletin(&mut self, bulletin: &Bulletin) {
        let public = self.gateway.public();
        match bulletin {
            Bulletin::Public(public, changed) => {
                for id in changed {
                    let Some(window) = public.windows.get(id.index()) else { continue };
                    if window.state != "open" {
                        let keeps = |p: &Place| p.window != *id || window.state == "planned";
                        self.places.retain(keeps);
                    }
                    self.send(&ServerMessage::Window { window: window.clone() });
                }
            }
            Bulletin::Notice { window, reset, view } => {
                if *reset {
                    self.places.retain(|place| place.window != *window);
                }
                self.unread += 1;
                let (unread, sequence) = (self.unread, self.sequence);
                let message = view.as_ref().clone();
                self.send(&ServerMessage::Message { message, unread, sequence });
            }
            Bulletin::Announcement { journal, at, text } => {
                let (journal, at, text) = (journal.0, at.0, convert::text_view(text));
                self.send(&ServerMessage::Announcement { journal, at, text });
            }
            Bulletin::Line(window, state) => self.line_moved(&public, *window, *state),
            Bulletin::Among(window, among) => {
                let armed = self.places.iter().find(|p| p.window == *window);
                if let Some(ticket) = armed.and_then(|place| place.ticket) {
                    let window = public.window_key(*window).to_owned();
                    let (ticket, among) = (ticket.0, *among);
                    self.send(&ServerMessage::Armed { window, ticket, among });
                }
            }
            Bulletin::Seats(as_of, changed) => {
                for index in 0..self.sessions.len() {
                    let seat = &self.sessions[index];
                    let watched = changed.iter().filter(|s| seat.watched.contains(&s.id));
                    let views = watched.map(|s| seats_view(&public, s)).collect::<Vec<_>>();
                    if !views.is_empty() {
                        let number = seat.number;
                        let message = ServerMessage::Seats { as_of: as_of.0, sections: views };
                        self.send_frame(&frame(&message), |seat| seat.number == number);
                    }
                }
            }
        }
    }

    fn watch(&mut self, session: u32, sections: &[SectionId]) {
        let public = self.gateway.public();
        let Some(seat) = self.sessions.iter_mut().find(|s| s.number == session) else { return };
        for section in sections {
            if !seat.watched.contains(section) && seat.watched.len() < limits::WATCHED_MAX {
                seat.watched.push(*section);
            }
        }
        self.send_seats(&public, session, sections);
    }

    /// What is on disk already may be told at once.
    fn send_seats(&mut self, public: &Public, session: u32, sections: &[SectionId]) {
        let (as_of, seats) = self.gateway.board().sections(sections);
        let sections = seats.iter().map(|s| seats_view(public, s)).collect();
        let message = ServerMessage::Seats { as_of: as_of.0, sections };
        self.send_frame(&frame(&message), |seat| seat.number == session);
    }

    /// Closes the sessions whose sign-in is over.
    fn close_others(&mut self, devices: &[DeviceId], everywhere: bool) {
        let over = |seat: &mut Seat| match seat.device {
            Some(device) => !devices.contains(&device),
            None => everywhere,
        };
        for seat in self.sessions.extract_if(.., over) {
            let _ = seat.sink.try_send(ToSession::Close(Close::SignedOut));
        }
    }

    fn close_all(&mut self, close: Close) {
        for seat in &self.sessions {
            let _ = seat.sink.try_send(ToSession::Close(close));
        }
    }
}

fn seats_view(public: &Public, section: &Section) -> crate::protocol::server::SeatsView {
    convert::seats_view(&public.catalogue, section.id, section.quote())
}

/// What a session is told of a request that led to nothing.
pub fn denial(id: Option<Uuid>, why: &Denied) -> ServerMessage {
    match why {
        Denied::Busy { retry_after_ms } => {
            ServerMessage::Busy { id, retry_after_ms: *retry_after_ms }
        }
        Denied::Rejected(rejection) => ServerMessage::Error {
            id,
            code: rejection.key().to_owned(),
            detail: rejection.to_string(),
        },
        // What a session asks is answered by the gate; it waits for no deadline.
        Denied::Unconfirmed | Denied::Stopping => {
            ServerMessage::Busy { id, retry_after_ms: limits::RESTART_RETRY_MS }
        }
    }
}

/// A message as a text frame.
pub fn frame(message: &ServerMessage) -> ByteString {
    // A ServerMessage has string keys and finite numbers only: it always serialises.
    serde_json::to_string(message).unwrap_or_default().into()
}

impl Actor for StudentActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if !self.announced {
            return ctx.stop();
        }
        ctx.run_interval(Duration::from_millis(limits::HUB_IDLE_MS), |hub, ctx| {
            if hub.sessions.is_empty() {
                ctx.stop();
            }
        });
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        match self.sessions.is_empty() {
            true => Running::Stop,
            false => Running::Continue,
        }
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.gateway.directory().forget(self.id, self.generation);
        let _ = self.messenger.try_send(HubStopped(self.id, self.generation));
    }
}

/// From the gate, by way of the messenger.
#[derive(Message)]
#[rtype("()")]
pub enum Receive {
    /// For her: all of one commit.
    News {
        /// In order.
        news: Vec<News>,
        /// When it was known to be on disk.
        durable: Instant,
    },
    /// For everybody.
    Bulletin(Arc<Bulletin>),
    /// A batch was lost on the way: everything is read back from state.
    Missed,
    /// The gateway stops.
    Stop,
}

impl Handler<Receive> for StudentActor {
    type Result = ();

    fn handle(&mut self, receive: Receive, _: &mut Self::Context) {
        match receive {
            Receive::News { news, durable } => self.news(news, durable),
            Receive::Bulletin(bulletin) => self.bulletin(&bulletin),
            Receive::Missed => {
                // What was lost may have ended a place; the view tells those that are left.
                self.places.clear();
                self.send(&ServerMessage::Resync {});
                let numbers: Vec<u32> = self.sessions.iter().map(|s| s.number).collect();
                for number in numbers {
                    self.show(number);
                }
            }
            Receive::Stop => self.close_all(Close::Restart),
        }
        self.say_interest();
    }
}

/// From one of her sessions.
#[derive(Message)]
#[rtype("()")]
pub enum FromSession {
    /// It is identified, and asks the Registrar to be shown everything.
    Attach {
        /// Its number.
        number: u32,
        /// Where its frames go.
        sink: Recipient<ToSession>,
        /// Set when a frame did not fit.
        behind: Behind,
        /// The device whose sign-in it came with.
        device: Option<DeviceId>,
    },
    /// It closed.
    Detach(u32),
    /// Push these sections' seats.
    Watch(u32, Vec<SectionId>),
    /// No longer.
    Unwatch(u32, Vec<SectionId>),
    /// It missed frames and reads again.
    Refresh(u32),
}

impl Handler<FromSession> for StudentActor {
    type Result = ();

    fn handle(&mut self, from: FromSession, _: &mut Self::Context) {
        match from {
            FromSession::Attach { sink, .. } if !self.gateway.is_ready() => {
                // The hubs' sessions were closed already, or are about to be.
                let _ = sink.try_send(ToSession::Close(Close::Restart));
            }
            FromSession::Attach { number, sink, behind, device } => {
                if self.sessions.len() >= self.gateway.settings().sessions_per_student {
                    let oldest = self.sessions.remove(0);
                    let _ = oldest.sink.try_send(ToSession::Close(Close::TooManySessions));
                }
                let watched = Vec::new();
                self.sessions.push(Seat { number, sink, behind, device, shown: false, watched });
            }
            FromSession::Detach(number) => self.sessions.retain(|s| s.number != number),
            FromSession::Watch(session, sections) => self.watch(session, &sections),
            FromSession::Unwatch(session, sections) => {
                if let Some(seat) = self.sessions.iter_mut().find(|s| s.number == session) {
                    seat.watched.retain(|section| !sections.contains(section));
                }
            }
            FromSession::Refresh(session) => {
                let resync = frame(&ServerMessage::Resync {});
                self.send_frame(&resync, |seat| seat.number == session);
                self.show(session);
            }
        }
        self.say_interest();
    }
}
