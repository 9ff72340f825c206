//! The `rush` program: replays an opening and audits every outcome. The only thing that it shares
//! with the gateway is [`sluis::cli`], so that a child process of this same binary is the gateway
//! as shipped; client, model and auditor are its own.

mod admin;
mod audit;
mod bench;
mod child;
mod cli;
mod compare;
mod crowd;
mod demand;
mod error;
mod files;
mod gateway;
mod line;
mod measure;
mod model;
mod os;
mod perform;
mod person;
mod population;
mod random;
mod record;
mod rehearse;
mod replay;
mod report;
mod runtime;
mod scenario;
mod screen;
mod script;
mod setup;
mod shape;
mod stage;
mod summary;
mod tab;
mod talk;
mod threshold;
mod told;
mod trace;
mod wire;
mod world;
mod ws;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demand(args) => demand::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Line(args) => line::run(&args),
        Command::Run(args) => rehearse::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Gateway { args } => {
            child::end_with_parent();
            return child::gateway(args);
        }
        Command::Echo { listen, workers, lean } => {
            child::end_with_parent();
            child::echo(listen, workers, lean)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rush: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
