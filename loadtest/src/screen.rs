//! The live screen: what the run is doing, drawn beside it by a thread of its own, so that the
//! client's one thread only hands over a picture now and then. Without a terminal there is none.

mod draw;

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::Notify;

use crate::error::{Error, Result};

/// Time between two drawings.
const FRAME: Duration = Duration::from_millis(200);

/// What there is to see.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// From 0 to 1.
    pub progress: f64,
    /// The window is open.
    pub opened: bool,
    /// Seconds until the opening.
    pub opens_in: f64,
    /// Seconds in a bucket.
    pub width: f64,
    /// By bucket: requests meant to be sent, outcomes told.
    pub rates: Vec<(u64, u64)>,
    /// Outcomes told.
    pub decided: u64,
    /// Students in line.
    pub in_line: usize,
    /// Sockets.
    pub connected: usize,
    /// Tabs with something left to do.
    pub unfinished: usize,
    /// Latency of outcomes: p50, p90, p99, max.
    pub latency_ms: [f64; 4],
    /// Errors.
    pub errors: u64,
    /// Busy answers.
    pub busy: u64,
    /// Sockets connected again.
    pub reconnects: u64,
    /// Violations found so far.
    pub violations: u64,
}

/// Between the run and whoever looks at it.
pub struct Live {
    picture: Mutex<Picture>,
    alive: Mutex<Instant>,
    stop: Notify,
    ended: AtomicBool,
}

impl Live {
    /// Before the run.
    pub fn new() -> Self {
        Self {
            picture: Mutex::default(),
            alive: Mutex::new(Instant::now()),
            stop: Notify::new(),
            ended: AtomicBool::new(false),
        }
    }

    /// Hands over a picture.
    pub fn show(&self, picture: Picture) {
        if let Ok(mut last) = self.picture.lock() {
            *last = picture;
        }
    }

    /// The gateway answers.
    pub fn alive(&self) {
        if let Ok(mut at) = self.alive.lock() {
            *at = Instant::now();
        }
    }

    /// For how long it has not.
    pub fn quiet(&self) -> Duration {
        self.alive.lock().map_or(Duration::ZERO, |at| at.elapsed())
    }

    /// Until somebody at the screen wants to stop.
    pub async fn stopped(&self) {
        self.stop.notified().await;
    }

    /// The run has ended: the screen goes away.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

/// Whether there is a terminal to draw on.
pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal() && std::io::stdout().is_terminal()
}

/// Draws until the run has ended.
pub fn start(title: String, live: std::sync::Arc<Live>) -> JoinHandle<Result<()>> {
    std::thread::spawn(move || {
        let mut terminal = ratatui::try_init()
            .map_err(|e| Error::Io(format!("cannot draw on this terminal: {e}; give --plain")))?;
        let drawn = run(&mut terminal, &title, &live);
        ratatui::restore();
        drawn.map_err(|e| Error::Io(format!("cannot draw on this terminal: {e}; give --plain")))
    })
}

fn run(terminal: &mut ratatui::DefaultTerminal, title: &str, live: &Live) -> std::io::Result<()> {
    while !live.ended.load(Ordering::Acquire) {
        let picture = live.picture.lock().map(|p| p.clone()).unwrap_or_default();
        terminal.draw(|frame| draw::draw(frame, title, &picture))?;
        if event::poll(FRAME)? && wants_to_stop(&event::read()?) {
            live.stop.notify_one();
        }
    }
    Ok(())
}

/// Ctrl-C, q or Esc: in raw mode no signal is sent.
fn wants_to_stop(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && match key.code {
            KeyCode::Char('c') => control,
            KeyCode::Char('q') | KeyCode::Esc => true,
            _ => false,
        }
}
