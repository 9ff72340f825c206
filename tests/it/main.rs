//! The integration tests, one crate.

// Helpers are shared by tests that each need some of them.
#![allow(dead_code)]

mod abuse;
mod account;
mod acts;
mod backup;
mod bounds;
mod calendar;
mod canary;
mod catalogue_files;
mod cheat;
mod cli;
mod cli_admin;
mod cli_data;
mod cli_serve;
mod compare;
mod console;
mod crash_points;
mod cuts;
mod disk_faults;
mod erase;
mod exhaustion;
mod fuzz;
mod journal_child;
mod journal_crash;
mod keys_faults;
mod kill;
mod line;
mod log;
mod metrics;
mod nginx;
mod oidc;
mod operators;
mod others;
mod powercut;
mod readme;
mod results;
mod rfc6455;
mod sign_ins;
mod smuggling;
mod socket;
mod stall;
mod stop;
mod support;
mod systemd;
mod tidy;
mod wall_clock;
mod web;
