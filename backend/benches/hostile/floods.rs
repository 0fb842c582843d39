//! Floods: of connections, of news good and bad, of questions.

use std::{
    iter,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use backend::sync::{Gossip, Request};
use futures_util::future::join_all;
use shared::codec::Encode as _;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};

use crate::{
    forged::Forged,
    neighbours::hostile::{Hostile, Manners},
    offence::{Acts, Victim},
    world::SENDERS,
};

/// From how many addresses connections come, and how many from each.
const ADDRESSES: u8 = 10;
const EACH: usize = 500;
/// How long a connection may take: once nobody takes more, the system keeps callers waiting.
const CALL: Duration = Duration::from_millis(500);
/// How long an offender waits before it comes again. An address may come eight times a second, and is banned if it comes more
/// often: that would be another offence.
const AGAIN: Duration = Duration::from_millis(200);
/// How many peers come together.
const TOGETHER: u64 = 8;
/// How many questions are asked at once: more than a node takes of one peer.
const QUESTIONS: usize = 64;

/// Comes under a new key, as often as it is cut off.
pub(crate) async fn again(
    victim: &Victim,
    acts: &Arc<Acts>,
    shown: Forged,
    mut offend: impl AsyncFnMut(&mut Hostile) -> bool,
) {
    let shown = Arc::new(shown);
    while Instant::now() < victim.until {
        let mut hostile = victim.peer(Manners::Good, &shown, acts);
        let called = timeout_at(victim.until, hostile.call(&victim.address)).await;
        let is_let_in = called.is_ok_and(|called| called.is_ok());
        acts.come(is_let_in);
        if is_let_in && offend(&mut hostile).await {
            acts.cut_off();
        }
        drop(hostile);
        sleep(AGAIN).await;
    }
}

/// Tells news as fast as the victim takes it. No number is used twice, as news is known by its bytes.
pub(crate) async fn tell(
    victim: &Victim,
    acts: &Arc<Acts>,
    topic: &str,
    shown: Forged,
    piece: impl Fn(u64) -> Vec<u8> + Clone + Send + 'static,
) {
    let (until, numbers) = (victim.until, Arc::new(AtomicU64::new(0)));
    again(victim, acts, shown, async |hostile| {
        let (acts, numbers, piece) = (Arc::clone(acts), Arc::clone(&numbers), piece.clone());
        let pieces = iter::from_fn(move || {
            let piece = piece(numbers.fetch_add(1, Ordering::Relaxed));
            acts.count(piece.len());
            (Instant::now() < until).then_some(piece)
        });
        hostile.pour(topic, pieces);
        hostile.is_cut_off_within(until - Instant::now()).await
    })
    .await;
}

/// Transfers of which no signature is right.
pub(crate) async fn invalid_transfers(victim: &Victim, acts: &Arc<Acts>) {
    let signed = victim.world.transfer(0, 0);
    tell(victim, acts, "transfers", victim.world.honest(), move |number| {
        let mut signed = signed.clone();
        signed.transfer.nonce = number + 1;
        Gossip::Transfer(signed).to_bytes()
    })
    .await;
}

/// Transfers of all who can pay, in turn, from this nonce on.
pub(crate) async fn transfers(victim: &Victim, acts: &Arc<Acts>, first: u64) {
    let world = Arc::clone(&victim.world);
    tell(victim, acts, "transfers", victim.world.honest(), move |number| {
        let (round, sender) = (number / SENDERS, number % SENDERS);
        let signed = world.transfer(sender as usize, first + round);
        Gossip::Transfer(signed).to_bytes()
    })
    .await;
}

/// Transfers that cannot be mined soon, of several peers at once.
pub(crate) async fn together(victim: &Victim, acts: &Arc<Acts>) {
    let peers = (0..TOGETHER).map(|peer| transfers(victim, acts, 1_000_000 * (1 + peer)));
    join_all(peers).await;
}

/// So many bytes that are no message.
pub(crate) async fn noise(victim: &Victim, acts: &Arc<Acts>, topic: &str, length: usize) {
    tell(victim, acts, topic, victim.world.honest(), move |number| {
        let mut bytes = vec![250; length];
        bytes[1..9].copy_from_slice(&number.to_le_bytes());
        bytes
    })
    .await;
}

pub(crate) async fn questions(victim: &Victim, acts: &Arc<Acts>) {
    let question = Request::Mempool.to_bytes();
    again(victim, acts, victim.world.honest(), async |hostile| {
        let is_cut_off = hostile.ask_on(&question, QUESTIONS, victim.until).await;
        for _ in 0..hostile.asked() {
            acts.count(question.len());
        }
        is_cut_off
    })
    .await;
}

/// Connections that are held open and say nothing.
pub(crate) async fn connections(victim: &Victim, acts: &Arc<Acts>) {
    let (port, until) = (victim.port(), victim.until);
    let mut callers = JoinSet::new();
    for number in 0..ADDRESSES {
        let acts = Arc::clone(acts);
        callers.spawn(async move {
            let mut held = Vec::new();
            while held.len() < EACH && Instant::now() < until {
                if let Ok(Ok(stream)) = timeout(CALL, call_from([127, 0, 1, number], port)).await {
                    acts.count(0);
                    held.push(stream);
                }
            }
            sleep_until(until).await;
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

/// A connection from another address of this machine.
async fn call_from(from: [u8; 4], port: u16) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await
}
