//! What was sent, and what became of it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use sluis::domain::command::Command;
use sluis::domain::ids::{CourseId, RequestId};
use sluis::domain::outcome::Outcome;

use crate::told::Asked;

/// A request: everything that was sent under one id by one student.
#[derive(Clone)]
pub struct Request {
    /// Each body once, in the order in which they were first sent.
    pub bodies: Vec<Command>,
    /// The bodies that explain the record that accepted it, as bits; 0: not accepted.
    pub accepted: u64,
    /// The newest record that anybody had been told of when it was first sent.
    pub floor: u64,
    pub ticket: Option<(u32, u32)>,
    pub decided: Option<(u64, Vec<(CourseId, Outcome)>)>,
}

/// A message.
#[derive(Clone)]
pub struct Sent {
    /// Index of its request, and which of its bodies this is.
    pub request: Option<(usize, usize)>,
    pub floor: u64,
    pub asked: Asked,
}

#[derive(Clone, Default)]
pub struct Requests {
    pub sent: Vec<Sent>,
    pub all: Vec<Request>,
    ids: HashMap<(u32, RequestId), usize, BuildHasherDefault<Mix>>,
}

impl Requests {
    pub fn note(&mut self, asked: &Asked, floor: u64) {
        let command = match asked {
            Asked::Command(command) => Some(command),
            _ => None,
        };
        let named = command.and_then(|c| id_of(c).map(|(student, id)| (student, id, c)));
        let request = named.map(|(student, id, command)| {
            let next = self.all.len();
            let at = *self.ids.entry((student, id)).or_insert(next);
            if at == next {
                let bodies = Vec::with_capacity(1);
                let (accepted, ticket, decided) = (0, None, None);
                self.all.push(Request { bodies, accepted, floor, ticket, decided });
            }
            let bodies = &mut self.all[at].bodies;
            let known = bodies.iter().position(|body| body == command);
            let body = known.unwrap_or_else(|| {
                bodies.push(command.clone());
                bodies.len() - 1
            });
            (at, body)
        });
        self.sent.push(Sent { request, floor, asked: asked.clone() });
    }

    pub fn find(&self, student: u32, id: RequestId) -> Option<usize> {
        self.ids.get(&(student, id)).copied()
    }
}

/// Who sent the command under which id.
pub fn id_of(command: &Command) -> Option<(u32, RequestId)> {
    match command {
        Command::Arm { student, request, .. }
        | Command::Submit { student, request, .. }
        | Command::Drop { student, request, .. }
        | Command::Leave { student, request, .. }
        | Command::Swap { student, request, .. } => Some((student.0, *request)),
        _ => None,
    }
}

/// Ids here are small numbers: a multiplication is hash enough, and the same on every run.
#[derive(Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
