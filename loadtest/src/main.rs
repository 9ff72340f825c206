//! The `rush` program.
fn main() {}
