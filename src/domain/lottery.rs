//! The draw: order = SHA-256(seed ‖ window ‖ ticket), ascending. Anyone can recompute it once
//! the seed is told; before that, its hash is.

use sha2::{Digest, Sha256};

use super::ids::{Key, Ticket};

/// What is shown when the window is made: SHA-256 of the seed.
pub fn seed_hash(seed: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(seed).into()
}

/// A ticket's lot: SHA-256 over the seed's 32 bytes, the window's key in UTF-8 and the ticket's
/// number as four bytes, most significant first.
pub fn lot(seed: &[u8; 32], window: &Key, ticket: Ticket) -> [u8; 32] {
    Sha256::new()
        .chain_update(seed)
        .chain_update(window.as_str().as_bytes())
        .chain_update(ticket.0.to_be_bytes())
        .finalize()
        .into()
}

/// The tickets in the order drawn.
pub fn draw(
    seed: &[u8; 32],
    window: &Key,
    tickets: impl IntoIterator<Item = Ticket>,
) -> Vec<Ticket> {
    let mut lots: Vec<_> = tickets.into_iter().map(|t| (lot(seed, window, t), t)).collect();
    lots.sort_unstable();
    lots.into_iter().map(|(_, ticket)| ticket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draw_depends_on_seed_window_and_ticket_alone() {
        let window = Key::new("2026-2").unwrap();
        let tickets: Vec<_> = (0..1000).map(Ticket).collect();
        let order = draw(&[7; 32], &window, tickets.iter().copied());
        assert_eq!(order, draw(&[7; 32], &window, tickets.iter().rev().copied()));
        assert_ne!(order, draw(&[8; 32], &window, tickets.iter().copied()));
        assert_ne!(order, tickets);
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, tickets, "everyone is in the order, once");
    }

    #[test]
    fn the_hash_is_plain_sha256() {
        // printf '%032d' 0 | tr 0 '\000' | sha256sum
        let hex = format!("{:02x?}", seed_hash(&[0; 32])).replace(['[', ']', ',', ' '], "");
        assert_eq!(hex, "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
    }
}
