//! The crowd against a stand-in for the gateway: a few dozen lines that answer as the protocol
//! says, and err when told to.

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use super::*;
use crate::audit::{Broken, Findings};
use crate::files::{Section, Student};

const STUDENTS: usize = 40;
const SEATS: u32 = 15;

/// What the stand-in does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    /// Decide tickets below this.
    Decide(usize),
    /// End every socket without a word.
    Vanish,
}

/// A stand-in for the gateway: one course, decided in order of the student's number.
struct StandIn {
    requests: RefCell<BTreeMap<usize, String>>,
    decided: Cell<usize>,
    orders: broadcast::Sender<Order>,
    /// Student whose outcome is not told again after a reconnect.
    forgets: Option<usize>,
}

impl StandIn {
    async fn start(forgets: Option<usize>) -> (Rc<Self>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let orders = broadcast::Sender::new(16);
        let (requests, decided) = (RefCell::default(), Cell::new(0));
        let stand_in = Rc::new(Self { requests, decided, orders, forgets });
        let server = Rc::clone(&stand_in);
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(Rc::clone(&server).serve(stream));
            }
        });
        (stand_in, address)
    }

    fn order(&self, order: Order) {
        if let Order::Decide(below) = order {
            self.decided.set(below);
        }
        self.orders.send(order).unwrap();
    }

    /// The student's outcomes, as JSON; none before her turn.
    fn outcomes(&self, student: usize) -> String {
        match self.requests.borrow().get(&student) {
            Some(id) if student < self.decided.get() => {
                let told = if student < SEATS as usize {
                    r#""outcome":"enrolled","sections":["1/1"]"#
                } else {
                    r#""outcome":"refused","reason":"full""#
                };
                format!(r#"[{{"id":{id},"course":"1",{told},"journal":{student},"at":1}}]"#)
            }
            _ => "[]".into(),
        }
    }

    #[expect(clippy::result_large_err, reason = "tungstenite's signature")]
    async fn serve(self: Rc<Self>, stream: TcpStream) {
        let mut student = 0;
        let mut orders = self.orders.subscribe();
        let see_token = |request: &Request, response: Response| {
            let token = request.headers()["authorization"].to_str().unwrap();
            student = token.strip_prefix("Bearer t").unwrap().parse().unwrap();
            Ok(response)
        };
        let mut socket = tokio_tungstenite::accept_hdr_async(stream, see_token).await.unwrap();
        let mut told = false;
        loop {
            let answer = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.answer(student, &text, &mut told),
                    _ => return,
                },
                Ok(order) = orders.recv() => match order {
                    Order::Vanish => return,
                    Order::Decide(below) if student < below && !told => {
                        told = true;
                        let outcomes = self.outcomes(student);
                        format!(r#"{{"type":"outcomes","sequence":3,"outcomes":{outcomes}}}"#)
                    }
                    Order::Decide(_) => continue,
                },
            };
            socket.send(Message::text(answer)).await.unwrap();
        }
    }

    fn answer(&self, student: usize, text: &str, told: &mut bool) -> String {
        let message: serde_json::Value = serde_json::from_str(text).unwrap();
        match message["type"].as_str().unwrap() {
            "hello" => r#"{"type":"welcome","outcomes":[],"sequence":0}"#.into(),
            "resume" if self.forgets == Some(student) => {
                r#"{"type":"welcome","outcomes":[],"sequence":3}"#.into()
            }
            "resume" => {
                let outcomes = self.outcomes(student);
                *told = outcomes != "[]";
                format!(r#"{{"type":"welcome","outcomes":{outcomes},"sequence":3}}"#)
            }
            "set_plan" => r#"{"type":"plan","sequence":1}"#.into(),
            "arm" => {
                self.requests.borrow_mut().insert(student, message["id"].to_string());
                r#"{"type":"armed","ticket":1,"among":1}"#.into()
            }
            other => panic!("{other}"),
        }
    }
}

fn demand() -> &'static Demand {
    let student = |i| Student { key: format!("u{i}"), requests: vec![0] };
    Box::leak(Box::new(Demand {
        sections: vec![Section { id: "1".into(), capacity: SEATS }],
        students: (0..STUDENTS).map(student).collect(),
    }))
}

/// Everybody arms; then `story` tells the stand-in what to do. Returns the findings.
fn tell(
    forgets: Option<usize>,
    story: impl AsyncFnOnce(&StandIn, &Rc<Crowd>, SocketAddr) -> Result<()>,
) -> Result<Findings> {
    crate::runtime::block_on(async {
        let demand = demand();
        let (stand_in, address) = StandIn::start(forgets).await;
        let tokens = (0..STUDENTS).map(|i| format!("t{i}")).collect();
        let crowd = Crowd::new(demand, tokens, None);
        crowd.gateway_is(Some((1, address)));
        let talk = Talk::new(true);
        crowd.wait("armed", STUDENTS, || crowd.armed(), None, talk).await?;
        story(&stand_in, &crowd, address).await?;
        crowd.wait("decided", crowd.requests(), || crowd.decided(), None, talk).await?;
        let export = (0..SEATS).map(|i| (format!("u{i}"), "1".to_owned())).collect::<Vec<_>>();
        Ok(crowd.auditor.replace(Auditor::new(demand, Vec::new())).finish(&export))
    })
}

/// The gateway vanishes when half is decided, and comes back.
async fn restart(stand_in: &StandIn, crowd: &Rc<Crowd>, address: SocketAddr) -> Result<()> {
    let talk = Talk::new(true);
    let half = STUDENTS / 2;
    stand_in.order(Order::Decide(half));
    crowd.wait("half", half, || crowd.decided(), None, talk).await?;
    crowd.gateway_is(None);
    stand_in.order(Order::Vanish);
    crowd.wait("gone", STUDENTS, || STUDENTS - crowd.connected(), None, talk).await?;
    crowd.gateway_is(Some((2, address)));
    crowd.wait("back", STUDENTS, || crowd.present(), None, talk).await?;
    stand_in.order(Order::Decide(STUDENTS));
    Ok(())
}

#[test]
fn everybody_arms_and_is_told() {
    let story = async |stand_in: &StandIn, _: &Rc<Crowd>, _| {
        stand_in.order(Order::Decide(STUDENTS));
        Ok(())
    };
    let findings = tell(None, story).unwrap();
    assert_eq!((findings.granted, findings.refused), (15, 25));
    assert_eq!(findings.violations, []);
}

#[test]
fn a_restart_in_the_middle_is_resumed() {
    let findings = tell(None, restart).unwrap();
    assert_eq!((findings.granted, findings.refused), (15, 25));
    assert_eq!(findings.violations, []);
}

#[test]
fn what_is_not_told_again_after_the_restart_is_lost() {
    let findings = tell(Some(3), restart).unwrap();
    assert_eq!(findings.acknowledged_lost, 1);
    assert_eq!(findings.violations[0].what, Broken::Lost);
    assert_eq!(findings.violations[0].student, "u3");
}

#[test]
fn sockets_lost_with_the_gateway_still_there_are_resumed() {
    let story = async |stand_in: &StandIn, crowd: &Rc<Crowd>, _| {
        stand_in.order(Order::Vanish);
        let back = || crowd.reconnects() as usize;
        crowd.wait("lost", STUDENTS, back, None, Talk::new(true)).await?;
        crowd.wait("back", STUDENTS, || crowd.connected(), None, Talk::new(true)).await?;
        stand_in.order(Order::Decide(STUDENTS));
        Ok(())
    };
    assert_eq!(tell(None, story).unwrap().violations, []);
}
