//! The tasks that cargo alone cannot do: set-up, build, run, develop, test. `cargo xtask help` lists them.

mod check;
mod cli;
mod command;
mod dev;
mod fingerprint;
mod finish_page;
mod fuzz;
mod node;
mod page;
mod progress;
mod recover;
mod setup;
mod sizes;
mod workspace;

use std::process::ExitCode;

use cli::Task;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match cli::parse(&arguments)? {
        Task::Help => {
            println!("{}", cli::HELP);
            Ok(())
        }
        Task::Setup => setup::task(),
        Task::Page => page::task(),
        Task::Recover => recover::task(),
        Task::Build => node::build_task(),
        Task::Run { node_arguments } => node::run_task(&node_arguments),
        Task::Dev { trunk_arguments } => dev::task(&trunk_arguments),
        Task::Check(selection) => check::task(&selection),
        Task::Fuzz { target, seconds } => fuzz::task(&target, seconds),
        Task::FinishPage => finish_page::task(),
    }
}
