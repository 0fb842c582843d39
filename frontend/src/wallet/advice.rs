//! What a node's refusal means for the money, and what to do.

/// A refusal in three parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What happened.
    pub happened: String,
    /// What it means for the money.
    pub money: &'static str,
    /// What to do.
    pub next: &'static str,
}

/// Puts a refusal of the node, by its stable code, into words. `detail` is what the node said.
#[must_use]
pub fn refusal(code: &str, detail: &str) -> Advice {
    let (money, next) = match code {
        "nonce-too-low" => (
            "This transfer will not be paid; one with the same number was mined before.",
            "Look at your activity. If your payment is not there, send it again.",
        ),
        "balance-insufficient" => ("No money moved.", "Wait for your pending transfers, or send less."),
        "fee-too-low" | "replacement-fee-too-low" | "mempool-full" => {
            ("No money moved.", "Go back and offer a higher fee.")
        }
        "nonce-gap-too-large" | "sender-limit" | "mempool-full-for-waiting" => (
            "No money moved.",
            "Wait until your pending transfers are mined, then send it again.",
        ),
        "expired" => (
            "No money moved, and this transfer will never be paid.",
            "Go back and send it again: it gets a later height.",
        ),
        _ => ("No money moved.", "Go back and change it, or try again later."),
    };
    Advice {
        happened: format!(
            "The node refused the transfer: {}",
            detail.trim_end_matches('.').to_owned() + "."
        ),
        money,
        next,
    }
}

/// When the node did not answer to a signed transfer: it may have taken it.
#[must_use]
pub fn no_answer(said: &str) -> Advice {
    Advice {
        happened: format!("The transfer was signed, but the node did not answer ({said})."),
        money: "It may have arrived or not. The same transfer is never paid twice.",
        next: "Send this same transfer once more when the node is there again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_it_means_and_what_to_do() {
        let low = refusal("fee-too-low", "the fee is 0 and the minimum is 10.");
        assert_eq!(
            low.happened,
            "The node refused the transfer: the fee is 0 and the minimum is 10."
        );
        assert!(low.next.contains("higher fee"));
        assert!(refusal("nonce-too-low", "").money.contains("will not be paid"));
        assert!(refusal("expired", "").money.contains("never be paid"));
        assert!(refusal("sender-limit", "").next.contains("Wait"));
        assert!(refusal("something-new", "x").next.contains("Go back"));
        assert!(no_answer("offline").money.contains("never paid twice"));
    }
}
