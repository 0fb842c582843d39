//! The outbox as lines: the signed bytes in hex, when it was signed, and the state as words.

use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::transaction::SignedTransfer;

use super::{Item, KIND, Outbox, Rival, State};
use crate::wallet::lines::{self, Writer};

/// Stands where no rival is known.
const NOBODY: &str = "-";

const RIVALS: [(Rival, &str); 5] = [
    (Rival::SpeedUp, "speed-up"),
    (Rival::Cancellation, "cancellation"),
    (Rival::Original, "original"),
    (Rival::Own, "own"),
    (Rival::Unknown, "unknown"),
];

impl Outbox {
    /// Reads an outbox as [`Outbox::write`] wrote it.
    ///
    /// # Errors
    /// The first line that does not hold.
    pub fn read(text: &str, genesis: Hash) -> Result<Self, lines::Fault> {
        let mut outbox = Self::new(genesis);
        for record in lines::read(text, KIND, &genesis)? {
            let fields: Vec<&str> = record.fields.iter().map(String::as_str).collect();
            let item = read(&fields).map_err(|reason| record.fault(reason))?;
            if outbox.get(&item.id).is_some() {
                return Err(record.fault("this transfer is there twice. Remove one of the lines."));
            }
            outbox.items.push(item);
        }
        Ok(outbox)
    }

    /// The outbox as a file, for the browser's storage.
    #[must_use]
    pub fn write(&self) -> String {
        let mut writer = Writer::new(KIND, &self.genesis);
        for item in &self.items {
            let (bytes, since) = (hex::encode(item.signed.to_bytes()), item.created_at_ms.to_string());
            let (word, more, by) = words(item.state);
            let fields = [bytes.as_str(), &since, word, &more, &by];
            let count = 3 + usize::from(!more.is_empty()) + usize::from(!by.is_empty());
            writer.record(&fields[..count]);
        }
        writer.finish()
    }
}

/// The words of a state. Those that are empty are not written.
fn words(state: State) -> (&'static str, String, String) {
    let (word, more) = match state {
        State::Unanswered => ("unanswered", String::new()),
        State::Pending => ("pending", String::new()),
        State::Outbid { by } => ("outbid", by.to_string()),
        State::Mined { height } => ("mined", height.to_string()),
        State::Undone { waits: true } => ("undone", "waits".to_owned()),
        State::Undone { waits: false } => ("undone", "gone".to_owned()),
        State::Expired => ("expired", String::new()),
        State::Dropped => ("dropped", String::new()),
        State::Replaced { how, by } => {
            let word = RIVALS
                .iter()
                .find(|(rival, _)| *rival == how)
                .map_or("", |(_, word)| word);
            let by = by.map_or_else(|| NOBODY.to_owned(), |by| by.to_string());
            return ("replaced", word.to_owned(), by);
        }
    };
    (word, more, String::new())
}

fn read(fields: &[&str]) -> Result<Item, &'static str> {
    let [bytes, since, state @ ..] = fields else {
        return Err("a transfer, a time and a state belong there. Remove the line.");
    };
    let signed = hex::decode(bytes)
        .ok()
        .and_then(|bytes| SignedTransfer::from_bytes(&bytes).ok());
    let signed = signed.ok_or("the first field is no signed transfer in hex. Remove the line.")?;
    let since = since
        .parse()
        .map_err(|_| "the second field is no time in milliseconds. Remove the line.")?;
    let state = read_state(state).ok_or("the transfer’s state is none that this Cairn knows. Use a newer Cairn.")?;
    Ok(Item::new(signed, since, state))
}

fn read_state(words: &[&str]) -> Option<State> {
    Some(match words {
        ["unanswered"] => State::Unanswered,
        ["pending"] => State::Pending,
        ["outbid", by] => State::Outbid { by: by.parse().ok()? },
        ["mined", height] => State::Mined {
            height: height.parse().ok()?,
        },
        ["undone", "waits"] => State::Undone { waits: true },
        ["undone", "gone"] => State::Undone { waits: false },
        ["expired"] => State::Expired,
        ["dropped"] => State::Dropped,
        ["replaced", word, by] => State::Replaced {
            how: RIVALS.iter().find(|(_, name)| name == word)?.0,
            by: if *by == NOBODY { None } else { Some(by.parse().ok()?) },
        },
        _ => return None,
    })
}
