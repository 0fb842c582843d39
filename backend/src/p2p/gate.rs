//! Who may connect from where: each address has a share of the connections, and may begin so many in a time.
//!
//! It is asked for each inbound connection before anything is read from it. What holds for peers and for all together,
//! the library's own limits and block lists see to.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::{IpAddr, Ipv6Addr},
    time::Instant,
};

use libp2p::{Multiaddr, multiaddr::Protocol, swarm::ConnectionId};

use super::Limits;

/// How many addresses the gate remembers; beyond, it forgets those without connections.
const MAX_ADDRESSES: usize = 4_096;

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// The address is banned.
    #[error("{0} is banned")]
    Banned(IpAddr),
    /// The address has as many connections as one may have.
    #[error("{0} has as many connections as one address may have")]
    Full(IpAddr),
    /// The address connects too often.
    #[error("{0} connects too often")]
    TooOften(IpAddr),
}

/// The gate.
pub(super) struct Gate {
    limits: Limits,
    banned: HashSet<IpAddr>,
    addresses: HashMap<IpAddr, Caller>,
    /// Inbound connections, by whether they are established.
    inbound: HashMap<ConnectionId, (IpAddr, bool)>,
    floods: VecDeque<IpAddr>,
}

/// What is known of an address.
struct Caller {
    /// How many connections from there are on their way or established.
    pending: u32,
    established: u32,
    /// How many connections it may still begin: each takes one, and time gives them back.
    tokens: f64,
    filled_at: Instant,
    /// How many were refused since it last had its full allowance.
    refused: u32,
}

impl Caller {
    fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            pending: 0,
            established: 0,
            tokens: f64::from(limits.burst_per_address),
            filled_at: now,
            refused: 0,
        }
    }

    fn fill(&mut self, limits: &Limits, now: Instant) {
        let full = f64::from(limits.burst_per_address);
        let elapsed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + elapsed * f64::from(limits.rate_per_address)).min(full);
        self.filled_at = now;
        if self.tokens >= full {
            self.refused = 0;
        }
    }

    const fn connections(&self) -> u32 {
        self.pending + self.established
    }
}

/// The IP address in a multiaddress.
pub(super) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        Protocol::Ip6(ip) => Some(IpAddr::V6(ip).to_canonical()),
        _ => None,
    })
}

/// Where a caller is, as far as that counts: a house with IPv6 has a whole network of addresses, of which it may take any.
/// Those of this machine and of one cable are what they are.
fn house_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) if !ip.is_loopback() && !ip.is_unicast_link_local() => {
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64))
        }
        ip => ip,
    }
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            banned: HashSet::new(),
            addresses: HashMap::new(),
            inbound: HashMap::new(),
            floods: VecDeque::new(),
        }
    }

    /// Says from where no new connections are taken.
    pub(super) fn set_banned(&mut self, banned: HashSet<IpAddr>) {
        self.banned = banned.into_iter().map(house_of).collect();
    }

    /// Takes a connection attempt from an address, or refuses it.
    pub(super) fn knock(&mut self, id: ConnectionId, ip: IpAddr, now: Instant) -> Result<(), Refused> {
        let ip = house_of(ip);
        if self.banned.contains(&ip) {
            return Err(Refused::Banned(ip));
        }
        self.forget_addresses();
        let limits = &self.limits;
        let caller = self.addresses.entry(ip).or_insert_with(|| Caller::new(limits, now));
        caller.fill(limits, now);
        let is_full =
            caller.pending >= limits.max_pending_per_address || caller.connections() >= limits.max_per_address;
        let verdict = match (caller.tokens < 1.0, is_full) {
            (true, _) => Err(Refused::TooOften(ip)),
            (false, true) => Err(Refused::Full(ip)),
            (false, false) => Ok(()),
        };
        // An attempt that is refused counts too: whoever goes on and on has none left.
        caller.tokens = (caller.tokens - 1.0).max(0.0);
        if verdict.is_ok() {
            caller.pending += 1;
            self.inbound.insert(id, (ip, false));
        } else {
            self.count_refused(ip);
        }
        verdict
    }

    fn count_refused(&mut self, ip: IpAddr) {
        if let Some(caller) = self.addresses.get_mut(&ip) {
            caller.refused = caller.refused.saturating_add(1);
            if caller.refused == self.limits.flood {
                self.floods.push_back(ip);
            }
        }
    }

    /// A connection that was let in came to nothing: what arrived was no handshake.
    pub(super) fn fail(&mut self, id: ConnectionId) {
        if let Some((ip, _)) = self.inbound.get(&id).copied() {
            self.count_refused(ip);
            self.leave(id);
        }
    }

    /// An address that connects on and on although it is refused. Each is said once.
    pub(super) fn next_flood(&mut self) -> Option<IpAddr> {
        self.floods.pop_front()
    }

    fn forget_addresses(&mut self) {
        if self.addresses.len() >= MAX_ADDRESSES {
            self.addresses
                .retain(|_, caller| caller.connections() > 0 || caller.refused > 0);
        }
        if self.addresses.len() >= MAX_ADDRESSES {
            self.addresses.retain(|_, caller| caller.connections() > 0);
        }
    }

    /// A connection was established.
    pub(super) fn enter(&mut self, id: ConnectionId) {
        if let Some((ip, is_established)) = self.inbound.get_mut(&id)
            && let Some(caller) = self.addresses.get_mut(ip)
        {
            *is_established = true;
            caller.pending = caller.pending.saturating_sub(1);
            caller.established += 1;
        }
    }

    /// A connection is over, whatever became of it.
    pub(super) fn leave(&mut self, id: ConnectionId) {
        if let Some((ip, is_established)) = self.inbound.remove(&id)
            && let Some(caller) = self.addresses.get_mut(&ip)
        {
            let count = if is_established {
                &mut caller.established
            } else {
                &mut caller.pending
            };
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn gate() -> Gate {
        Gate::new(Limits {
            max_per_address: 3,
            max_pending_per_address: 2,
            burst_per_address: 10,
            rate_per_address: 1,
            flood: 5,
            ..Limits::default()
        })
    }

    fn id(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_has_a_share_and_no_more() {
        let (mut gate, now) = (gate(), Instant::now());
        for number in 0..3 {
            assert_eq!(gate.knock(id(number), ip(1), now), Ok(()));
            gate.enter(id(number));
        }
        assert_eq!(gate.knock(id(3), ip(1), now), Err(Refused::Full(ip(1))));
        assert_eq!(gate.knock(id(4), ip(2), now), Ok(()), "another address has its own");
        gate.leave(id(0));
        assert_eq!(gate.knock(id(5), ip(1), now), Ok(()), "there is room again");
    }

    #[test]
    fn few_are_on_their_way() {
        let (mut gate, now) = (gate(), Instant::now());
        assert_eq!(gate.knock(id(0), ip(1), now), Ok(()));
        assert_eq!(gate.knock(id(1), ip(1), now), Ok(()));
        assert_eq!(gate.knock(id(2), ip(1), now), Err(Refused::Full(ip(1))));
        gate.leave(id(0));
        gate.leave(id(0));
        assert_eq!(gate.knock(id(3), ip(1), now), Ok(()));
        assert_eq!(gate.knock(id(4), ip(1), now), Err(Refused::Full(ip(1))), "it left once");
    }

    #[test]
    fn who_goes_on_and_on_is_a_flood_and_time_forgives() {
        let (mut gate, now) = (gate(), Instant::now());
        let verdicts: Vec<_> = (0..30).map(|number| gate.knock(id(number), ip(1), now)).collect();
        assert_eq!(verdicts[1..3], [Ok(()), Err(Refused::Full(ip(1)))]);
        assert_eq!(verdicts[29], Err(Refused::TooOften(ip(1))));
        assert_eq!(gate.floods, [ip(1)], "said once");
        gate.leave(id(0));
        assert_eq!(gate.knock(id(30), ip(1), now), Err(Refused::TooOften(ip(1))));
        let later = now + Duration::from_secs(60);
        assert_eq!(gate.knock(id(31), ip(1), later), Ok(()));
    }

    #[test]
    fn who_says_nothing_sensible_on_and_on_is_a_flood() {
        let (mut gate, now) = (gate(), Instant::now());
        for number in 0..5 {
            assert_eq!(gate.knock(id(number), ip(1), now), Ok(()));
            assert!(gate.floods.is_empty());
            gate.fail(id(number));
        }
        assert_eq!(gate.floods, [ip(1)]);
    }

    #[test]
    fn the_banned_stay_outside() {
        let (mut gate, now) = (gate(), Instant::now());
        gate.set_banned(HashSet::from([ip(9)]));
        assert_eq!(gate.knock(id(0), ip(9), now), Err(Refused::Banned(ip(9))));
        assert_eq!(gate.knock(id(1), ip(8), now), Ok(()));
        gate.set_banned(HashSet::new());
        assert_eq!(gate.knock(id(2), ip(9), now), Ok(()));
    }

    #[test]
    fn addresses_without_connections_are_forgotten() {
        let (mut gate, now) = (gate(), Instant::now());
        for number in 0..2 * u32::try_from(MAX_ADDRESSES).unwrap() {
            let id = id(number as usize);
            assert_eq!(gate.knock(id, IpAddr::V4((0x0a00_0000 + number).into()), now), Ok(()));
            gate.leave(id);
        }
        assert!(gate.addresses.len() <= MAX_ADDRESSES);
        assert!(gate.inbound.is_empty());
    }

    #[test]
    fn a_house_with_a_network_of_addresses_is_one_caller() {
        let (mut gate, now) = (gate(), Instant::now());
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        let house = ip("2001:db8:1:2::");
        assert_eq!(gate.knock(id(0), ip("2001:db8:1:2::1"), now), Ok(()));
        assert_eq!(gate.knock(id(1), ip("2001:db8:1:2:a:b:c:d"), now), Ok(()));
        assert_eq!(gate.knock(id(2), ip("2001:db8:1:2::3"), now), Err(Refused::Full(house)));
        assert_eq!(gate.knock(id(3), ip("2001:db8:1:3::1"), now), Ok(()), "another house");
        gate.set_banned(HashSet::from([house]));
        assert_eq!(
            gate.knock(id(4), ip("2001:db8:1:2::9"), now),
            Err(Refused::Banned(house))
        );
        for (number, own) in [(5, "::1"), (6, "fe80::1"), (7, "fe80::2")] {
            assert_eq!(gate.knock(id(number), ip(own), now), Ok(()), "{own}");
        }
    }

    #[test]
    fn one_address_has_one_name() {
        let mapped: Multiaddr = "/ip6/::ffff:192.0.2.1/udp/1/quic-v1".parse().unwrap();
        assert_eq!(ip_of(&mapped), Some(ip(1)));
        assert_eq!(ip_of(&"/dns4/example.org/tcp/1".parse().unwrap()), None);
    }
}
