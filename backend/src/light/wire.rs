//! Questions to a node over HTTP, with an end in time and in bytes.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use serde::de::{DeserializeOwned, IgnoredAny};
use shared::{api::Problem, light::Refusal};
use ureq::{
    Agent, Body,
    http::{Response, header::CONTENT_TYPE},
};

use super::{Doubt, Failure, Untruth};
use crate::client;

const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";
/// The most bytes of a problem that are read.
const MAX_PROBLEM: u64 = 64 << 10;

/// What a node says to a question about its chain.
pub(super) enum Answer<T> {
    Found(T),
    /// It knows no such thing (404).
    Denied,
}

/// The way to one node.
pub(super) struct Wire {
    agent: Agent,
    url: String,
    timeout: Duration,
    deadline: Instant,
    bytes: u64,
}

impl Wire {
    /// # Errors
    /// As [`client::Client::new`].
    pub(super) fn new(url: &str, ca: Option<&[u8]>, timeout: Duration) -> anyhow::Result<Self> {
        let (agent, url) = client::connect(url, ca)?;
        Ok(Self {
            agent,
            url,
            timeout,
            deadline: Instant::now() + timeout,
            bytes: 0,
        })
    }

    /// The time for one question begins.
    pub(super) fn begin(&mut self) {
        self.deadline = Instant::now() + self.timeout;
    }

    /// How many bytes were read.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The JSON of a route that every node has.
    pub(super) fn known<T: DeserializeOwned>(&mut self, path: &str, limit: u64) -> Result<T, Failure> {
        match self.get(path, limit)? {
            Answer::Found(answer) => Ok(answer),
            Answer::Denied => Err(self.no_node(&format!("it has no {}", bare(path)))),
        }
    }

    /// The JSON of an answer.
    pub(super) fn get<T: DeserializeOwned>(&mut self, path: &str, limit: u64) -> Result<Answer<T>, Failure> {
        let Answer::Found(bytes) = self.ask(path, JSON, limit)? else {
            return Ok(Answer::Denied);
        };
        serde_json::from_slice(&bytes).map(Answer::Found).map_err(|error| {
            // Whoever sends an object means to answer.
            let is_object = bytes.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(&bytes).is_ok();
            if is_object {
                let what = bare(path).to_owned();
                let reason = error.to_string();
                return self.lie(Untruth::Unreadable { what, reason });
            }
            self.no_node(&format!("{} is no JSON object", bare(path)))
        })
    }

    /// The bytes of an answer.
    pub(super) fn octets(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, Failure> {
        match self.ask(path, OCTETS, limit)? {
            Answer::Found(bytes) => Ok(bytes),
            Answer::Denied => Err(self.no_node(&format!("it has no {}", bare(path)))),
        }
    }

    fn ask(&mut self, path: &str, accept: &str, limit: u64) -> Result<Answer<Vec<u8>>, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let mut response = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("accept", accept)
            .config()
            // Nothing would stand for no limit.
            .timeout_global(Some(left.max(Duration::from_millis(1))))
            .build()
            .call()
            .map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return self.failed(&mut response);
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        if !content_type.is_some_and(|found| found.as_bytes().starts_with(accept.as_bytes())) {
            return Err(self.no_node(&format!("{} is no {accept}", bare(path))));
        }
        let bytes = self.read(&mut response, limit)?;
        if bytes.is_empty() {
            return Err(self.no_node(&format!("{} is empty", bare(path))));
        }
        Ok(Answer::Found(bytes))
    }

    /// What another status than success means.
    fn failed(&mut self, response: &mut Response<Body>) -> Result<Answer<Vec<u8>>, Failure> {
        let status = response.status();
        let bytes = self.read(response, MAX_PROBLEM)?;
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(_) if status == 404 => Ok(Answer::Denied),
            Ok(problem) => Err(Failure::Unreachable(format!(
                "the node at {} gives no answer: {} ({})",
                self.url, problem.detail, problem.code
            ))),
            Err(_) => Err(self.no_node(&format!("it answers with status {status}"))),
        }
    }

    fn read(&mut self, response: &mut Response<Body>, limit: u64) -> Result<Vec<u8>, Failure> {
        let bytes = response
            .body_mut()
            .with_config()
            .limit(limit)
            .read_to_vec()
            .map_err(|error| match error {
                ureq::Error::BodyExceedsLimit(_) => {
                    self.no_node(&format!("its answer has more than {limit} bytes, and no more are read"))
                }
                error => self.unreachable(&error),
            })?;
        self.bytes += bytes.len() as u64;
        Ok(bytes)
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let sentence = match error {
            ureq::Error::Timeout(_) => anyhow!(
                "the node at {} did not answer within {} s: --timeout gives it longer",
                self.url,
                self.timeout.as_secs()
            ),
            error => client::unreachable(&self.url, error),
        };
        Failure::Unreachable(sentence.to_string())
    }

    fn no_node(&self, reason: &str) -> Failure {
        Failure::Unreachable(format!(
            "{} answers, but not as a node of Cairn does: {reason}",
            self.url
        ))
    }

    /// The chain changed whenever it was asked.
    pub(super) fn undecided(&self, rounds: u32) -> Failure {
        Failure::Unreachable(format!(
            "the chain of the node at {} changed during each of {rounds} questions: ask again",
            self.url
        ))
    }

    /// The node lied.
    pub(super) fn lie(&self, untruth: impl Into<Untruth>) -> Failure {
        Failure::Lie {
            url: self.url.clone(),
            untruth: Box::new(untruth.into()),
        }
    }

    /// What a refusal says of the node.
    pub(super) fn refused(&self, refusal: Refusal) -> Failure {
        match refusal {
            Refusal::Lie(lie) => self.lie(lie),
            Refusal::Pending { .. } => Failure::Unverified {
                kind: "pending",
                message: refusal.to_string(),
            },
            Refusal::Unreadable(error) => self.lie(Untruth::Unreadable {
                what: "the proof of the chain".to_owned(),
                reason: error.to_string(),
            }),
            Refusal::Malformed { what } => self.lie(Untruth::Unreadable {
                what: "an answer".to_owned(),
                reason: format!("its {what}"),
            }),
            Refusal::Unknown { height } => self.lie(Untruth::Withheld { height }),
        }
    }

    pub(super) fn doubted(&self, doubt: Doubt) -> Failure {
        match doubt {
            Doubt::Refusal(refusal) => self.refused(refusal),
            Doubt::Untruth(untruth) => self.lie(untruth),
        }
    }
}

/// A path without its query.
fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}
