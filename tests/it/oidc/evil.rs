//! A provider that does as a test tells it: all that a real one does not. Keys are made when it
//! starts. It signs with ES256; RS256 is what the real provider of the other tests signs with.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::Sha256;

pub const CLIENT: &str = "sluis-test";
pub const SECRET: &str = "a secret of the test, & no other: 50%";

/// A key pair with its id.
pub struct Key {
    pub id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
        Self { id: id.to_owned(), pair }
    }

    /// As it is published.
    pub fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": part(&point[1..33]), "y": part(&point[33..65]),
        })
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        self.pair.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec()
    }
}

/// How an ID token is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// As it should be.
    Honest,
    /// With the header's `alg` set to this, and nothing behind the last dot.
    Unsigned(&'static str),
    /// HS256, with this as the shared secret.
    Shared(Vec<u8>),
    /// By another key under the id of the published one.
    Forged,
    /// By another key under an id that is not published.
    Unknown,
    /// Honest, but then a claim is changed.
    Altered,
    /// With this `alg` in the header, and ES256's signature.
    Named(&'static str),
}

/// Raw bytes in place of an answer, after a pause.
#[derive(Clone, Debug, Default)]
pub struct Instead {
    pub status: u16,
    pub body: Vec<u8>,
    pub pause: Duration,
}

type Edit = Box<dyn Fn(&mut Value) + Send>;

/// What it does.
pub struct Plan {
    pub sign: Sign,
    /// On the ID token's claims.
    pub claims: Edit,
    /// On the userinfo.
    pub userinfo: Edit,
    /// On the metadata.
    pub metadata: Edit,
    /// In place of what lies at a path.
    pub instead: Vec<(&'static str, Instead)>,
    pub published: Arc<Key>,
    pub other: Arc<Key>,
    /// What came with the last code.
    pub nonce: String,
    /// Requests so far, by path.
    pub asked: Vec<String>,
    /// The form that the last code came in, and its `Authorization`.
    pub form: String,
    pub authorization: String,
}

impl Plan {
    fn honest() -> Self {
        Self {
            sign: Sign::Honest,
            claims: Box::new(|_| {}),
            userinfo: Box::new(|_| {}),
            metadata: Box::new(|_| {}),
            instead: Vec::new(),
            published: Arc::new(Key::new("one")),
            other: Arc::new(Key::new("two")),
            nonce: String::new(),
            asked: Vec::new(),
            form: String::new(),
            authorization: String::new(),
        }
    }
}

/// The running provider; its thread ends with the test's process.
pub struct Evil {
    pub address: SocketAddr,
    pub plan: Arc<Mutex<Plan>>,
}

impl Evil {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(Mutex::new(Plan::honest()));
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let plan = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, address, &plan));
            }
        });
        Self { address, plan }
    }

    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Honest again, with the keys it has.
    pub fn reform(&self) {
        let mut plan = self.plan.lock().unwrap();
        let (published, other) = (Arc::clone(&plan.published), Arc::clone(&plan.other));
        *plan = Plan { published, other, ..Plan::honest() };
    }

    pub fn change(&self, what: impl FnOnce(&mut Plan)) {
        what(&mut self.plan.lock().unwrap());
    }

    /// How often it was asked for this.
    pub fn count(&self, path: &str) -> usize {
        self.plan.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }
}

fn serve(stream: &TcpStream, own: SocketAddr, plan: &Mutex<Plan>) {
    let mut reader = BufReader::new(stream);
    let (mut length, mut first, mut authorization) = (0, String::new(), String::new());
    if reader.read_line(&mut first).is_err() {
        return;
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => authorization = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut form = vec![0; length];
    if reader.read_exact(&mut form).is_err() {
        return;
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let (answer, pause) = {
        let mut plan = plan.lock().unwrap();
        plan.asked.push(path.clone());
        if path == "/token" {
            (plan.form, plan.authorization) = (String::from_utf8(form).unwrap(), authorization);
        }
        let instead = plan.instead.iter().find(|(at, _)| *at == path).map(|(_, i)| i.clone());
        match instead {
            Some(Instead { status, body, pause }) => ((status, body), pause),
            None => (answer(&path, own, &plan), Duration::ZERO),
        }
    };
    std::thread::sleep(pause);
    let (status, body) = answer;
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn answer(path: &str, own: SocketAddr, plan: &Plan) -> (u16, Vec<u8>) {
    let json = |value: Value| (200, value.to_string().into_bytes());
    match path {
        "/.well-known/openid-configuration" => {
            let mut metadata = metadata(own);
            (plan.metadata)(&mut metadata);
            json(metadata)
        }
        "/jwks" => json(json!({ "keys": [plan.published.public()] })),
        "/token" => json(json!({
            "access_token": "an-access-token", "token_type": "Bearer", "expires_in": 60,
            "id_token": id_token(own, plan),
        })),
        "/userinfo" => {
            let mut info = json!({ "sub": "pairwise-1", "uids": ["s0001"] });
            (plan.userinfo)(&mut info);
            json(info)
        }
        _ => (404, Vec::new()),
    }
}

fn metadata(own: SocketAddr) -> Value {
    let at = |path: &str| format!("http://{own}{path}");
    json!({
        "issuer": format!("http://{own}"),
        "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"), "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/logout"),
        "response_types_supported": ["code"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    })
}

/// Seconds since 1970.
pub fn now() -> i64 {
    (sluis::clock::wall().0 / 1_000) as i64
}

fn id_token(own: SocketAddr, plan: &Plan) -> String {
    let mut claims = json!({
        "iss": format!("http://{own}"), "aud": CLIENT, "sub": "pairwise-1",
        "exp": now() + 300, "iat": now(), "nonce": plan.nonce,
        "eduperson_affiliation": ["student"],
    });
    (plan.claims)(&mut claims);
    let (algorithm, id) = match &plan.sign {
        Sign::Unsigned(name) | Sign::Named(name) => (*name, &plan.published.id),
        Sign::Shared(_) => ("HS256", &plan.published.id),
        Sign::Unknown => ("ES256", &plan.other.id),
        _ => ("ES256", &plan.published.id),
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(&json!({ "alg": algorithm, "kid": id, "typ": "JWT" }));
    let body = format!("{header}.{}", part(&claims));
    let signature = match &plan.sign {
        Sign::Unsigned(_) => Vec::new(),
        Sign::Shared(secret) => {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(body.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Sign::Forged | Sign::Unknown => plan.other.sign(&body),
        _ => plan.published.sign(&body),
    };
    let signature = URL_SAFE_NO_PAD.encode(signature);
    if plan.sign == Sign::Altered {
        claims["eduperson_affiliation"] = json!(["student", "registrar"]);
        return format!("{header}.{}.{signature}", part(&claims));
    }
    format!("{body}.{signature}")
}
