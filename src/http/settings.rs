//! What the HTTP side is told by the configuration.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Role;
use super::problem::{INVALID, Problem, SIGN_IN_OFF};
use crate::domain::ids::Key;
use crate::domain::import::Draft;
use crate::protocol::server::TextView;

/// Settings of the HTTP side.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Browsers reach the gateway over https (through the proxy): `__Host-` cookie, `Secure`.
    pub https: bool,
    /// Origins besides the gateway's own that may use it, e.g. `https://enrol.example.nl`.
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// A sign-in lasts this long.
    pub sign_in_hours: u32,
    /// How people sign in.
    pub sign_in: SignIn,
    /// What alone may be imported; `None` is anything.
    pub imports: Option<ImportRule>,
    /// How fast one address or student may ask.
    pub rates: Rates,
}

/// What may be imported into a gateway on which anybody can be anyone.
#[derive(Clone, Debug)]
pub struct ImportRule {
    /// Whether this may.
    pub allows: fn(&Draft) -> bool,
    /// Why another may not, and what to do.
    pub refusal: String,
}

/// How people sign in.
#[derive(Clone, Debug, Default)]
pub enum SignIn {
    /// Nobody signs in here; tools bring tokens.
    #[default]
    Off,
    /// Whoever comes says who she is.
    Demo {
        /// Students to choose from, with a word about each.
        showcase: Vec<Showcase>,
    },
    /// With the university account: [`super::oidc`].
    Oidc,
}

/// A student that the sign-in page offers.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Showcase {
    /// Student number.
    pub student: String,
    /// What is worth seeing about her.
    pub label: TextView,
}

impl SignIn {
    /// The name on the wire.
    pub const fn mode(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Demo { .. } => "demo",
            Self::Oidc => "oidc",
        }
    }

    /// Students offered.
    pub fn showcase(&self) -> &[Showcase] {
        match self {
            Self::Off | Self::Oidc => &[],
            Self::Demo { showcase } => showcase,
        }
    }

    /// Names that a registrar can sign in under: two, so that two can be told apart.
    pub const fn registrars(&self) -> &[&'static str] {
        match self {
            Self::Off | Self::Oidc => &[],
            Self::Demo { .. } => &["registrar", "registrar2"],
        }
    }

    /// The registrar who signs in under this name, if it is offered.
    pub fn registrar(&self, name: Option<Key>) -> Result<Option<Key>, Problem> {
        match name {
            Some(name) if !self.registrars().contains(&name.as_str()) => {
                Err(Problem::new(&INVALID, "choose a name of those in GET /api/sign-in"))
            }
            name => Ok(name),
        }
    }

    /// Who signs in when somebody asks for this; whether the student exists is asked later.
    pub fn accept(&self, role: Role, student: Option<Key>) -> Result<(Role, Option<Key>), Problem> {
        match (self, role) {
            (Self::Off, _) => {
                Err(Problem::new(&SIGN_IN_OFF, "bring a token, or ask the operator to turn it on"))
            }
            (Self::Oidc, _) => {
                Err(Problem::new(&SIGN_IN_OFF, "open /api/sign-in/start in a browser"))
            }
            (Self::Demo { .. }, Role::Operator) => {
                Err(Problem::new(&SIGN_IN_OFF, "an operator's token is made by `sluis token`"))
            }
            (Self::Demo { .. }, _) => Ok((role, student)),
        }
    }
}

/// An allowance: so many at once, refilled at so many a second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Refilled a second.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// How fast one address or student may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// Sign-ins of one address; a whole campus may share one.
    pub sign_in: Rate,
    /// New WebSocket connections of one address; a whole campus may share one.
    pub connect: Rate,
    /// Requests without a sign-in of one address.
    pub anonymous: Rate,
    /// Changes by one student.
    pub change: Rate,
    /// Reads by one student.
    pub read: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            sign_in: Rate { per_second: 50, burst: 500 },
            connect: Rate { per_second: 200, burst: 2_000 },
            anonymous: Rate { per_second: 500, burst: 5_000 },
            change: Rate { per_second: 5, burst: 20 },
            read: Rate { per_second: 20, burst: 60 },
        }
    }
}

impl Settings {
    /// Whether anybody may sign in by choosing a name.
    pub const fn is_demo(&self) -> bool {
        matches!(self.sign_in, SignIn::Demo { .. })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            https: false,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            sign_in_hours: 12,
            sign_in: SignIn::Off,
            imports: None,
            rates: Rates::default(),
        }
    }
}

/// A range of addresses, `10.0.0.0/8` or a single one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `address` or `address/prefix`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let prefix = u32::from(self.prefix);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (a.to_bits() ^ b.to_bits()).checked_shr(32 - prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                (a.to_bits() ^ b.to_bits()).checked_shr(128 - prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses() {
        let check = |network: &str, address: &str, inside| {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network:?} {address}");
        };
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.0.0.1", true);
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("::1", "::1", true);
        check("fd00::/8", "fd12::1", true);
        check("fd00::/8", "fe80::1", false);
        for text in ["", "10.0.0.0/33", "::/129", "host", "10.0.0.0/x"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_demonstration_takes_people_at_their_word() {
        let demo = SignIn::Demo { showcase: Vec::new() };
        assert!(demo.accept(Role::Registrar, None).is_ok());
        assert!(demo.accept(Role::Operator, None).is_err());
        for name in demo.registrars() {
            assert!(demo.registrar(Key::new(name).ok()).is_ok());
        }
        assert!(demo.registrar(Key::new("schedule").ok()).is_err());
        assert!(demo.registrar(None).is_ok());
        assert!(SignIn::Oidc.registrars().is_empty() && SignIn::Oidc.showcase().is_empty());
        for role in Role::ALL {
            assert!(SignIn::Off.accept(role, None).is_err());
            assert!(SignIn::Oidc.accept(role, None).is_err());
        }
    }
}
