//! What the engine does for the driver and for handles, and what it writes down.

use std::{
    collections::{BTreeSet, HashSet},
    time::{Duration, Instant},
};

use libp2p::{
    Multiaddr, PeerId,
    gossipsub::{MessageAcceptance, MessageId, PublishError},
    multiaddr::Protocol,
};
use shared::codec::Encode as _;
use tokio::sync::mpsc;

use super::{Asker, Command, Connected, Engine, Input, Output};
use crate::{
    p2p::{
        Peers,
        found::SwarmState,
        gate::ip_of,
        gossip::id_of,
        view::{Listed, PeerBan},
    },
    peers::{Ban, Subject, save},
    sync::{Action, Gossip, Offence, PeerKey, Request, Response, Status, Token, Verdict},
};

/// For how long a peer's status is good enough for the next handle that wants it.
const STATUS_AGE: Duration = Duration::from_millis(100);

impl Engine {
    pub(super) fn on_output(&mut self, output: Output) {
        match output {
            Output::Respond { channel, response } => {
                if let Some(response) = response {
                    // The connection may be gone.
                    let _ = self.swarm.behaviour_mut().sync.send_response(channel, response);
                }
            }
            Output::Act(action) => self.act(action),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Request { peer, id, request } => {
                self.metrics.asked(request.kind());
                match self.ids.get(&peer).filter(|id| self.peers.contains_key(id)) {
                    Some(to) => {
                        let sent = self.swarm.behaviour_mut().sync.send_request(to, Ok(request));
                        self.asked.insert(sent, Asker::Sync(peer, id));
                    }
                    None => {
                        let failure = crate::sync::Failure::Closed;
                        self.driver.tell(Input::Failed { peer, id, failure });
                    }
                }
            }
            Action::Judge { token, verdict } => {
                let acceptance = match verdict {
                    Verdict::Accept => MessageAcceptance::Accept,
                    Verdict::Ignore => MessageAcceptance::Ignore,
                    Verdict::Reject => MessageAcceptance::Reject,
                };
                self.report(token, acceptance);
            }
            Action::Gossip(news) => self.publish_news(&news),
            Action::Penalise { peer, offence, score } => self.penalise(peer, &offence, score),
            Action::Disconnect { peer, offence } => {
                if let Some(id) = self.ids.get(&peer).copied() {
                    tracing::info!(peer = %id, "a peer is sent away: {offence}");
                    self.candidates.sent_away(&id);
                    // It may be gone already.
                    let _ = self.swarm.disconnect_peer_id(id);
                }
            }
            Action::Ban {
                peer,
                until_ms,
                offence,
            } => self.ban(peer, until_ms, &offence),
            // These are the driver's own.
            Action::SubmitBlocks(_) | Action::SubmitTransfers(_) | Action::VerifyProof { .. } => {}
        }
    }

    /// Says what becomes of news, unless that was said.
    fn report(&mut self, token: Token, acceptance: MessageAcceptance) {
        if let Some((source, id)) = self.news.remove(&token) {
            let gossip = self.swarm.behaviour_mut().gossip.library();
            gossip.report_message_validation_result(&id, &source, acceptance);
        }
    }

    fn publish_news(&mut self, news: &Gossip) {
        let (topic, bytes) = (self.topics.of(news).clone(), news.to_bytes());
        let id = id_of(&bytes);
        // It came in the meantime. The state machine has told it by now, and will not say so again.
        let its = |(token, (_, waiting)): (&Token, &(PeerId, MessageId))| (*waiting == id).then_some(*token);
        let came: Vec<Token> = self.news.iter().filter_map(its).collect();
        if !came.is_empty() {
            return came
                .into_iter()
                .for_each(|token| self.report(token, MessageAcceptance::Accept));
        }
        let told = self.swarm.behaviour_mut().gossip.library().publish(topic, bytes);
        match (told, news) {
            // It came when there was no time to look at it. Its header is news all the same.
            (Err(PublishError::Duplicate), Gossip::Block(block)) => self.publish_news(&Gossip::Header(block.header)),
            // Without peers there is nobody to tell, and who comes later asks.
            (Err(error), _) => tracing::debug!(%error, kind = news.kind(), "news was not told"),
            (Ok(_), _) => {}
        }
    }

    fn penalise(&mut self, peer: PeerKey, offence: &Offence, score: u32) {
        self.metrics.offence(offence.code());
        let Some(id) = self.ids.get(&peer).copied() else {
            return;
        };
        tracing::info!(peer = %id, score, code = offence.code(), "a peer did wrong: {offence}");
        self.book.set_score(&id.to_string(), score, self.node.now_ms());
        let gossip = self.swarm.behaviour_mut().gossip.library();
        gossip.set_application_score(&id, -f64::from(score));
    }

    /// Has gossipsub forget offences as the state machine does.
    pub(super) fn forgive(&mut self) {
        let gossip = self.swarm.behaviour_mut().gossip.library();
        for (key, state) in &self.shared.sync().peers {
            if let Some(id) = self.ids.get(key) {
                gossip.set_application_score(id, -f64::from(state.score));
            }
        }
        let gossip = &self.swarm.behaviour().gossip;
        let deaf_to: Vec<PeerId> = self.peers.keys().filter(|id| gossip.is_deaf_to(id)).copied().collect();
        for peer in deaf_to {
            tracing::info!(%peer, "a peer is sent away, as gossipsub hears it no more");
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    fn ban(&mut self, peer: PeerKey, until_ms: u64, offence: &Offence) {
        let (Some(id), now_ms) = (self.ids.get(&peer).copied(), self.node.now_ms()) else {
            return;
        };
        tracing::warn!(peer = %id, until_ms, code = offence.code(), "a peer is banned: {offence}");
        let ban = Ban {
            code: offence.code().to_owned(),
            reason: offence.to_string(),
            until_ms,
        };
        self.book.ban(Subject::Peer(id.to_string()), ban, now_ms);
        if *offence == Offence::TooMuchNews {
            // Under a new name it would go on, and each piece of news is remembered for a while.
            let ips = self.peers.get(&id).map(Connected::ips).unwrap_or_default();
            for ip in ips {
                self.ban_address(ip, offence.code(), &offence.to_string());
            }
        }
        self.apply_bans();
        self.save();
        self.publish();
    }

    /// Has the bans of the book kept, and no others.
    pub(super) fn apply_bans(&mut self) {
        let (mut peers, mut addresses) = (HashSet::new(), HashSet::new());
        for (subject, _) in self.book.bans(self.node.now_ms()) {
            match subject {
                Subject::Peer(id) => drop(id.parse().map(|id: PeerId| peers.insert(id))),
                Subject::Address(ip) => drop(addresses.insert(*ip)),
            }
        }
        self.metrics
            .bans
            .set(i64::try_from(peers.len() + addresses.len()).unwrap_or(i64::MAX));
        let door = &mut self.swarm.behaviour_mut().door;
        let ended: Vec<PeerId> = door.banned.blocked_peers().difference(&peers).copied().collect();
        for peer in ended {
            door.banned.unblock_peer(peer);
        }
        for peer in peers {
            door.banned.block_peer(peer);
        }
        door.gate.set_banned(addresses);
    }

    /// Ends the bans whose time has come.
    pub(super) fn end_bans(&mut self) {
        let now_ms = self.node.now_ms();
        if self.next_end_ms <= now_ms {
            self.apply_bans();
        }
        let ends = self.book.bans(now_ms).map(|(_, ban)| ban.until_ms);
        self.next_end_ms = ends.min().unwrap_or(u64::MAX);
    }

    pub(super) fn on_command(&mut self, command: Command, peers: &Peers) {
        match command {
            Command::Connect { found, reply } => self.connect(found, reply),
            Command::Register { node, reply } => {
                let _ = reply.send(self.register(node));
            }
            Command::Reconnect { tried } => self.reconnect(peers, &tried),
            Command::AskStatus { status } => self.ask_statuses(&status),
            Command::Cut { peers, done } => {
                self.cut(&peers);
                self.cutting.push(done);
                self.end_cutting();
            }
        }
    }

    /// Asks all peers for their status, for a handle. A peer that is being asked, or was a moment ago, is not asked again:
    /// however many handles want to know, no peer has to answer often.
    fn ask_statuses(&mut self, status: &mpsc::UnboundedSender<Status>) {
        let sync = &mut self.swarm.behaviour_mut().sync;
        for (id, peer) in self.peers.iter_mut().filter(|(_, peer)| peer.is_peer) {
            if let Some((_, known)) = peer.status.filter(|(since, _)| since.elapsed() < STATUS_AGE) {
                // Who asked may not wait any more.
                let _ = status.send(known);
                continue;
            }
            peer.status_for.retain(|waiting| !waiting.is_closed());
            peer.status_for.push(status.clone());
            if !std::mem::replace(&mut peer.is_status_asked, true) {
                let sent = sync.send_request(id, Ok(Request::Status));
                self.asked.insert(sent, Asker::Handles(*id));
            }
        }
    }

    /// A peer told its status to handles. The state machine makes of it what it makes of any.
    pub(super) fn on_status(&mut self, peer: &PeerId, response: Response) {
        let Some(connected) = self.peers.get_mut(peer) else {
            return;
        };
        connected.is_status_asked = false;
        let waiting = std::mem::take(&mut connected.status_for);
        let Response::Status(status) = response else { return };
        connected.status = Some((Instant::now(), status));
        self.driver.tell(Input::Told {
            peer: connected.key,
            status,
        });
        for handle in waiting {
            let _ = handle.send(status);
        }
    }

    /// A peer did not tell its status.
    pub(super) fn on_no_status(&mut self, peer: &PeerId) {
        if let Some(connected) = self.peers.get_mut(peer) {
            connected.is_status_asked = false;
            connected.status_for.clear();
        }
    }

    fn cut(&mut self, peers: &BTreeSet<String>) {
        let peers: HashSet<PeerId> = peers.iter().filter_map(|peer| peer.parse().ok()).collect();
        let cut = &mut self.swarm.behaviour_mut().door.cut;
        let joined: Vec<PeerId> = cut.blocked_peers().difference(&peers).copied().collect();
        for peer in joined {
            cut.unblock_peer(peer);
        }
        for peer in peers {
            cut.block_peer(peer);
        }
    }

    /// Answers whoever waits for a cut, if nobody is connected from whom the node is cut off.
    pub(super) fn end_cutting(&mut self) {
        let cut = self.swarm.behaviour().door.cut.blocked_peers();
        if self.peers.keys().any(|peer| cut.contains(peer)) {
            return;
        }
        for done in self.cutting.drain(..) {
            // Who asked may not wait any more.
            let _ = done.send(());
        }
    }

    /// Writes the book if it has changed and is not being written.
    pub(super) fn save(&mut self) {
        if !self.saving.is_empty() {
            return;
        }
        if let Some(bytes) = self.book.changes() {
            let folder = self.folder.clone();
            self.saving.spawn_blocking(move || {
                if let Err(error) = save(&folder, &bytes) {
                    tracing::error!("the peer book was not saved: {error:#}");
                }
            });
        }
    }

    /// Shows how things stand.
    pub(super) fn publish(&mut self) {
        let now_ms = self.node.now_ms();
        let id = *self.swarm.local_peer_id();
        // Those first by which others are likeliest to get here.
        let mut listeners: Vec<&Multiaddr> = self.swarm.listeners().collect();
        listeners.sort_by_cached_key(|address| {
            let is_here = ip_of(address).is_some_and(|ip| ip.is_loopback());
            let is_tcp = address.iter().any(|part| matches!(part, Protocol::Tcp(_)));
            (is_here, !is_tcp, address.to_string())
        });
        let addresses = listeners.iter().map(|address| format!("{address}/p2p/{id}"));
        let peers = self.peers.iter().filter(|(_, connected)| connected.is_peer);
        let peers = peers.map(|(id, connected)| (connected.key, connected.view(id)));
        let bans = self.book.bans(now_ms).map(|(subject, ban)| PeerBan {
            banned: match subject {
                Subject::Peer(id) => id.clone(),
                Subject::Address(ip) => ip.to_string(),
            },
            code: ban.code.clone(),
            reason: ban.reason.clone(),
            until: ban.until_ms,
        });
        let state = SwarmState {
            addresses: addresses.collect(),
            peers: peers.collect(),
            nodes: self.listed(now_ms),
            bans: bans.collect(),
        };
        self.metrics
            .peers
            .set(i64::try_from(state.peers.len()).unwrap_or(i64::MAX));
        let held = self.shared.sync().held;
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.metrics.headers.set(gauge(held.headers));
        self.metrics.block_bytes.set(gauge(held.block_bytes));
        *self.shared.swarm() = state;
    }

    fn listed(&self, now_ms: u64) -> Vec<Listed> {
        let listed = self.contacts.iter().map(|contact| {
            let is_connected = contact
                .peer
                .is_some_and(|peer| self.peers.get(&peer).is_some_and(|connected| connected.is_peer));
            let ban = contact
                .peer
                .and_then(|peer| self.book.ban_of(&Subject::Peer(peer.to_string()), now_ms));
            contact.listed(is_connected, ban.is_some())
        });
        listed.collect()
    }
}
