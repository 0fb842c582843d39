//! What each kind of hostile peer costs a node and its honest peers: the victim and an honest neighbour are processes of their
//! own, and are measured first alone, then anew beside each kind of offender. Who is cut off comes again under a new key, until
//! the time is over; all of it goes to and fro between addresses of this machine.
//! `cargo bench -p backend --bench hostile`; CAIRN_SECONDS sets how long each kind goes on (10), CAIRN_OFFENCES which of them
//! (their names, with commas). It fails when a victim takes 512 MiB more than before (48 answers of 4 MiB, as blocks
//! and as bytes, may wait to be taken), or a service takes 10 s.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a benchmark may fail")]

mod floods;
#[path = "../../tests/hostile/forged.rs"]
#[allow(dead_code, reason = "tests use all of it")]
mod forged;
mod lies;
#[path = "../../tests/neighbours/mod.rs"]
mod neighbours;
mod offence;
#[path = "../sync/process.rs"]
mod process;
mod report;
mod scene;
#[path = "../../tests/workshop/mod.rs"]
mod workshop;
mod world;

use std::{sync::Arc, thread, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    task::spawn_blocking,
    time::Instant,
};

use offence::{Acts, Offence, Victim};
use process::work_of;
use report::Report;
use scene::Scene;
use world::World;

/// How long a kind of offender goes on.
const TIME: Duration = Duration::from_secs(10);

fn main() {
    // `cargo test` runs benchmarks with this to see that they work.
    let quick = std::env::args().any(|argument| argument == "--test");
    let time = match std::env::var("CAIRN_SECONDS") {
        Ok(number) => Duration::from_secs(number.parse().unwrap()),
        Err(_) if quick => Duration::from_secs(1),
        Err(_) => TIME,
    };
    let chosen = std::env::var("CAIRN_OFFENCES").ok();
    let is_chosen = |offence: &Offence| match &chosen {
        Some(names) => names.split(',').any(|name| name == offence.name()),
        None => !quick || offence.is_quick(),
    };
    let reports = Runtime::new().unwrap().block_on(async {
        let world = Arc::new(World::new());
        report::head(time);
        let alone = observe(&world, None, time).await;
        println!("{}", alone.line(&alone));
        let mut reports = Vec::new();
        for offence in Offence::ALL.into_iter().filter(is_chosen) {
            let report = observe(&world, Some(offence), time).await;
            println!("{}", report.line(&alone));
            reports.push(report);
        }
        reports
    });
    let faults: Vec<String> = reports.iter().filter_map(Report::fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("; "));
}

/// Measures what a new pair of nodes does beside offenders of a kind.
async fn observe(world: &Arc<World>, offence: Option<Offence>, time: Duration) -> Report {
    let scene = Scene::start(world).await;
    let acts = Arc::new(Acts::new());
    scene.victim.forget_peak();
    let before_mib = scene.victim.resident_mib();
    let (work, own_work) = (scene.victim.work(), work_of("self"));
    let started = Instant::now();
    let until = started + time;
    let offender = offence.map(|offence| {
        let victim = Victim::new(world, &scene.victim.peer, until);
        let acts = Arc::clone(&acts);
        // With a thread of its own, so that it does not keep from its turn what measures.
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(offence.commit(&victim, &acts));
        })
    });
    let (service, ban) = tokio::join!(scene.service(until), scene.first_ban(started, until));
    let wall = started.elapsed().as_secs_f64();
    let (work, own_work) = (scene.victim.work() - work, work_of("self") - own_work);
    if let Some(offender) = offender {
        let ended = spawn_blocking(|| offender.join()).await.unwrap();
        ended.expect("the offender did what it was to do");
    }
    Report {
        name: offence.map_or("nobody", Offence::name),
        unit: offence.map_or("messages", Offence::unit),
        ban,
        bans: scene.bans().await.len(),
        acts,
        memory_mib: [before_mib, scene.victim.peak_mib()],
        load: [work, own_work].map(|work| work.as_secs_f64() / wall),
        service,
    }
}
