//! Our own format: registration windows.

use super::courses::Reader;
use super::fault::nearest;
use super::fields;
use super::node::{Node, Table, Value};
use crate::domain::ids::Key;
use crate::domain::window::{ClashPolicy, Order, Scope, WindowRules};
use crate::limits;

const WINDOW: [&str; 13] = [
    "key",
    "name",
    "term",
    "opens_at",
    "closes_at",
    "opens_after_sign_in_s",
    "order",
    "pace",
    "clash",
    "credit_limit",
    "waitlists",
    "scope",
    "rehearsal",
];

/// A window and its term. The draw's seed comes from the caller: nothing here is random.
pub(super) fn window(
    reader: &mut Reader<'_>,
    node: &Node,
    seeds: &mut dyn FnMut() -> [u8; 32],
) -> Option<(Key, WindowRules)> {
    let (table, key) = reader.named(node, "window", "key", &WINDOW)?;
    let term = reader.term_of(&table);
    let scope = scope(reader, &table);
    let faults = &mut *reader.faults;
    let name = table.need("name", faults, fields::name);
    let opens_at = table.want("opens_at", faults, fields::instant);
    let closes_at = table.want("closes_at", faults, fields::instant);
    let opens_after_sign_in_s = table.want("opens_after_sign_in_s", faults, |value| {
        fields::whole(value, 0, limits::OPENS_AFTER_SIGN_IN_S_MAX)
    });
    if let (Some(opens), Some(closes)) = (opens_at, closes_at)
        && closes <= opens
    {
        table.fault(table.line, "closes before it opens; exchange the two", faults);
    }
    if opens_at.is_some() && opens_after_sign_in_s.is_some() {
        let what = "has opens_at and opens_after_sign_in_s; keep one of them";
        table.fault(table.line, what, faults);
    }
    let order = table.want("order", faults, |value| match value {
        Value::Text(text) if text == "rounds" => Err("\"rounds\" is not supported yet; give \
                                                      lottery or arrival"
            .into()),
        _ => word(value, &[("lottery", Order::Lottery), ("arrival", Order::Arrival)]),
    });
    let pace = table.want("pace", faults, |value| match value {
        Value::Text(text) if text == "unlimited" => Ok(None),
        _ => fields::whole(value, 1, limits::PACE_MAX).map(Some),
    });
    let clash = table.want("clash", faults, |value| {
        word(value, &[("refuse", ClashPolicy::Refuse), ("warn", ClashPolicy::Warn)])
    });
    let credit_limit = table.want("credit_limit", faults, fields::credits);
    let waitlists = table.want("waitlists", faults, fields::flag);
    let rehearsal = table.want("rehearsal", faults, fields::flag);
    let rules = WindowRules {
        key,
        name: name?,
        term: 0,
        opens_at,
        closes_at,
        opens_after_sign_in_s,
        order: order.unwrap_or(Order::Lottery),
        pace: pace.flatten(),
        clash: clash.unwrap_or(ClashPolicy::Refuse),
        credit_limit,
        waitlists: waitlists.unwrap_or(true),
        scope,
        rehearsal: rehearsal.unwrap_or(false),
        seed: seeds(),
    };
    Some((term?, rules))
}

fn scope(reader: &mut Reader<'_>, table: &Table<'_>) -> Scope {
    match table.get("scope").map(|node| &node.value) {
        Some(Value::List(_)) => {
            let (max, bytes) = (limits::WINDOW_COURSES_MAX, limits::WINDOW_COURSES_BYTES_MAX);
            Scope::Only(reader.keys(table, "scope", max, bytes))
        }
        Some(_) => {
            let words = [("courses", Scope::Courses), ("exams", Scope::Exams)];
            let scope = table.want("scope", reader.faults, |value| {
                word(value, &words).map_err(|what| format!("{what}, or a list of codes"))
            });
            scope.unwrap_or(Scope::Courses)
        }
        None => Scope::Courses,
    }
}

fn word<T: Clone>(value: &Value, words: &[(&str, T)]) -> Result<T, String> {
    if let Value::Text(text) = value
        && let Some((_, meaning)) = words.iter().find(|(word, _)| word == text)
    {
        return Ok(meaning.clone());
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let hint = match value {
        Value::Text(text) => nearest(text, &known),
        _ => format!("give {}", known.join(" or ")),
    };
    Err(format!("is {}; {hint}", value.describe()))
}
