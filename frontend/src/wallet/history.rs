//! Searching the rows of the activity, and writing them down for a spreadsheet.

use super::activity::{Kind, Row};
use super::contacts::Book;
use super::label;
use super::notes::Notes;
use crate::view::time;

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// All.
    #[default]
    All,
    /// What others paid.
    In,
    /// What this account paid, to itself too.
    Out,
    /// The rewards of blocks.
    Mining,
}

impl Direction {
    const fn has(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::In => matches!(kind, Kind::Received),
            Self::Out => matches!(kind, Kind::Sent | Kind::ToSelf),
            Self::Mining => matches!(kind, Kind::Mined),
        }
    }
}

/// Whether a row has the direction and each word of the text: in memo, note, contact's name, address or id.
#[must_use]
pub fn matches(row: &Row, direction: Direction, text: &str, book: &Book, notes: &Notes) -> bool {
    if !direction.has(row.kind) {
        return false;
    }
    let other = row.other.as_deref().unwrap_or_default();
    let id = row.id.to_string();
    let fields = [
        &row.memo,
        notes.get(&row.id).unwrap_or_default(),
        name(row, book),
        other,
        &id,
    ];
    text.split_whitespace()
        .all(|word| fields.iter().any(|field| label::contains(field, word)))
}

fn name<'a>(row: &Row, book: &'a Book) -> &'a str {
    let contact = row.other.as_deref().and_then(|other| book.of(other));
    contact.map_or("", |contact| &contact.name)
}

const HEAD: &str = "time,kind,amount,fee,counterparty address,counterparty name,memo,note,height,id\r\n";

/// The rows as comma-separated values (RFC 4180), in coins. The sum of all amounts without all fees is what the rows
/// changed. docs/files.md, "History".
#[must_use]
pub fn csv(rows: &[Row], book: &Book, notes: &Notes) -> String {
    let mut out = HEAD.to_owned();
    for row in rows {
        let amount = row.amount.checked_sub(row.fee).unwrap_or_default();
        let (kind, sign) = match row.kind {
            Kind::Received => ("received", ""),
            Kind::Sent => ("sent", "-"),
            Kind::ToSelf => ("self", ""),
            Kind::Mined => ("mined", ""),
        };
        out.push_str(&time::machine(row.timestamp));
        for plain in [",", kind, ",", sign, &amount.to_coins(), ",", &row.fee.to_coins()] {
            out.push_str(plain);
        }
        let note = notes.get(&row.id).unwrap_or_default();
        for text in [
            row.other.as_deref().unwrap_or_default(),
            name(row, book),
            &row.memo,
            note,
        ] {
            out.push(',');
            push_text(&mut out, text);
        }
        out.push(',');
        if let Some(height) = row.height {
            out.push_str(&height.to_string());
        }
        out.push(',');
        out.push_str(&row.id.to_string());
        out.push_str("\r\n");
    }
    out
}

/// Anybody can write a memo, and a spreadsheet takes what begins with one of these for a formula and runs it: a leading
/// apostrophe makes it text (OWASP, "CSV Injection").
fn push_text(out: &mut String, text: &str) {
    const QUOTED: [char; 4] = [',', '"', '\r', '\n'];
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_quoted = text.contains(QUOTED);
    if is_quoted {
        out.push('"');
    }
    if is_formula {
        out.push('\'');
    }
    for char in text.chars() {
        if char == '"' {
            out.push('"');
        }
        out.push(char);
    }
    if is_quoted {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::address;
    use shared::amount::Amount;
    use shared::hash::Hash;
    use shared::key::SecretKey;

    const GENESIS: Hash = Hash([5; 32]);

    fn anna() -> String {
        let key = SecretKey::from_bytes(&[2; 32]).public_key();
        address::encode(&"dev".parse().unwrap(), &key)
    }

    fn row(byte: u8, kind: Kind, amount: u64, fee: u64, memo: &str) -> Row {
        Row {
            id: Hash([byte; 32]),
            kind,
            amount: Amount::from_units(amount),
            fee: Amount::from_units(fee),
            other: matches!(kind, Kind::Sent | Kind::Received).then(anna),
            memo: memo.to_owned(),
            height: (byte > 1).then_some(u64::from(byte)),
            timestamp: 1_795_399_445_678,
        }
    }

    fn rows() -> [Row; 4] {
        [
            row(1, Kind::Sent, 150_000_007, 7, "for Tea"),
            row(2, Kind::Received, 5, 0, "=1+1"),
            row(3, Kind::ToSelf, 9, 9, ""),
            row(4, Kind::Mined, 5_000_000_000, 0, ""),
        ]
    }

    fn known() -> (Book, Notes) {
        let mut book = Book::new(GENESIS, "dev".parse().unwrap());
        book.add(&anna(), "Anna, \"the\" Smith").unwrap();
        let mut notes = Notes::new(GENESIS);
        notes.set(Hash([4; 32]), "my first block").unwrap();
        (book, notes)
    }

    fn found(direction: Direction, text: &str) -> Vec<u8> {
        let (book, notes) = known();
        let rows = rows();
        let found = rows.iter().filter(|row| matches(row, direction, text, &book, &notes));
        found.map(|row| row.id.0[0]).collect()
    }

    #[test]
    fn rows_are_found_by_direction() {
        assert_eq!(found(Direction::All, ""), [1, 2, 3, 4]);
        assert_eq!(found(Direction::In, " "), [2]);
        assert_eq!(found(Direction::Out, ""), [1, 3]);
        assert_eq!(found(Direction::Mining, ""), [4]);
        assert!(found(Direction::In, "tea").is_empty());
    }

    #[test]
    fn rows_are_found_by_what_they_say() {
        assert_eq!(found(Direction::All, "TEA"), [1]);
        assert_eq!(found(Direction::All, "smith"), [1, 2]);
        assert_eq!(found(Direction::All, "smith tea"), [1]);
        assert_eq!(found(Direction::All, "first block"), [4]);
        assert_eq!(found(Direction::All, "03030303"), [3]);
        assert_eq!(found(Direction::All, &anna()), [1, 2]);
        assert!(found(Direction::All, "coffee").is_empty());
    }

    /// A reader of RFC 4180.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut records, mut record, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match (char, quoted) {
                ('"', true) if chars.peek() == Some(&'"') => cell.extend(chars.next()),
                ('"', _) => quoted = !quoted,
                (',', false) => record.push(std::mem::take(&mut cell)),
                ('\r', false) => {
                    assert_eq!(chars.next(), Some('\n'));
                    record.push(std::mem::take(&mut cell));
                    records.push(std::mem::take(&mut record));
                }
                _ => cell.push(char),
            }
        }
        assert!(!quoted && cell.is_empty() && record.is_empty());
        records
    }

    #[test]
    fn rows_are_cells() {
        let (book, notes) = known();
        let records = read(&csv(&rows(), &book, &notes));
        assert_eq!(records.len(), 5);
        assert!(records.iter().all(|record| record.len() == 10));
        let id = Hash([1; 32]).to_string();
        let address = anna();
        let (time, name) = ("2026-11-23T02:04:05.678Z", "Anna, \"the\" Smith");
        let first = [
            time,
            "sent",
            "-1.5",
            "0.00000007",
            &address,
            name,
            "for Tea",
            "",
            "",
            &id,
        ];
        assert_eq!(records[1], first);
        assert_eq!(records[2][6], "'=1+1");
        assert_eq!(records[3][1..5], ["self", "0", "0.00000009", ""]);
        assert_eq!(records[4][1..4], ["mined", "50", "0"]);
        assert_eq!(records[4][7..9], ["my first block", "4"]);
    }

    #[test]
    fn a_cell_is_text_whatever_is_in_it() {
        let (book, notes) = known();
        for (memo, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
            ("\"=1\"", "\"=1\""),
            ("=\"a\",b", "'=\"a\",b"),
            ("a\r\nb,\"", "a\r\nb,\""),
        ] {
            let records = read(&csv(&[row(1, Kind::Sent, 2, 1, memo)], &book, &notes));
            assert_eq!(records[1][6], cell, "{memo:?}");
            assert_eq!(records[1].len(), 10);
        }
    }

    #[test]
    fn the_head_is_that_of_the_specification() {
        let text = include_str!("../../../docs/files.md");
        assert!(text.contains(&format!("    {}\n", HEAD.trim_end())));
    }
}
