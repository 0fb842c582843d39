//! A node's part in the network, watched: it is a task, and without it the node would serve for ever what it last knew.

use anyhow::{Result, anyhow};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio::{sync::watch, task::JoinHandle};

/// A node's part in the network. Clones are the same.
#[derive(Clone)]
pub(in crate::cli) struct Part {
    /// Whether it ended in good order, as it was told to.
    ended: Shared<BoxFuture<'static, bool>>,
}

impl Part {
    /// The part that this task plays until it is told to end.
    pub(in crate::cli) fn new(task: JoinHandle<()>, told: watch::Receiver<bool>) -> Self {
        let ended = async move { task.await.is_ok() && *told.borrow() };
        Self {
            ended: ended.boxed().shared(),
        }
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// When it failed, or nobody had told it to end.
    pub(in crate::cli) async fn ended(&self) -> Result<()> {
        if self.ended.clone().await {
            return Ok(());
        }
        Err(anyhow!(
            "the node's part in the network failed, and without it the node hears of nothing new: see what it said \
             before, and start it again"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_is_told_to_end_has_not_failed() {
        let (end, told) = watch::channel(false);
        let mut until = told.clone();
        let task = tokio::spawn(async move { drop(until.wait_for(|told| *told).await) });
        let part = Part::new(task, told);
        assert!(part.ended().now_or_never().is_none(), "it goes on");
        end.send_replace(true);
        part.ended().await.unwrap();
        part.ended().await.unwrap();
    }

    #[tokio::test]
    async fn an_end_that_nobody_wanted_is_a_failure() {
        let (end, told) = watch::channel(false);
        let by_itself = Part::new(tokio::spawn(async {}), told.clone());
        assert!(by_itself.ended().await.is_err());
        end.send_replace(true);
        assert!(by_itself.ended().await.is_err(), "it was not told in time");
        let task = tokio::spawn(std::future::pending());
        task.abort();
        assert!(Part::new(task, told).ended().await.is_err());
    }
}
