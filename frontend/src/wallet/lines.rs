//! What the page keeps and exports, as lines of text: docs/files.md specifies them.

use shared::hash::Hash;

use super::link::{decoded, encoded};
use crate::view::text::shorten;

/// The greatest number of records in a file.
pub const MAX_RECORDS: usize = 1_000;

/// The most bytes of a file that is read: a thousand of the longest records, and comments.
pub const MAX_LEN: usize = 3_000_000;

const VERSION: &str = "1";

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Line {line}: {reason}")]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it, and the way out.
    pub reason: String,
}

impl Fault {
    pub(super) fn new(line: usize, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { line, reason }
    }
}

/// A line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The line, counted from 1.
    pub line: usize,
    /// Its fields, decoded. None is empty.
    pub fields: Vec<String>,
}

impl Record {
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.line, reason)
    }

    /// The fields, when there are exactly `N`.
    pub(super) fn exactly<const N: usize>(&self) -> Result<[&str; N], Fault> {
        let fields: Vec<&str> = self.fields.iter().map(String::as_str).collect();
        fields.try_into().map_err(|found: Vec<&str>| {
            self.fault(format!(
                "it has {} fields, and {N} belong there. Write a space within a field as %20.",
                found.len()
            ))
        })
    }
}

/// Reads a file of this kind that belongs to the chain with this genesis block.
///
/// # Errors
/// The first [`Fault`]: nothing of such a file counts.
pub fn read(text: &str, kind: &str, genesis: &Hash) -> Result<Vec<Record>, Fault> {
    if text.len() > MAX_LEN {
        let reason = format!(
            "the file has {} bytes, and at most {MAX_LEN} are read. Split it.",
            text.len()
        );
        return Err(Fault::new(1, reason));
    }
    // Some editors put a byte order mark before the first character.
    let mut lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..);
    check_head(lines.next().map_or("", |(head, _)| head), kind, genesis)?;
    let mut records = Vec::new();
    for (text, line) in lines {
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        if records.len() == MAX_RECORDS {
            let reason = format!("this is one record more than the {MAX_RECORDS} that are read. Split the file.");
            return Err(Fault::new(line, reason));
        }
        let fields = text.split(' ').map(field).collect::<Result<_, _>>();
        let fields = fields.map_err(|reason| Fault::new(line, reason))?;
        records.push(Record { line, fields });
    }
    Ok(records)
}

fn field(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("a field is empty. Put one space between two fields, and none at either end.");
    }
    decoded(text).ok_or("a field cannot be read: % stands before two hex digits, and a % itself is %25.")
}

fn check_head(head: &str, kind: &str, genesis: &Hash) -> Result<(), Fault> {
    let fault = |reason: String| Err(Fault::new(1, reason));
    let mut words = head.split(' ');
    let found = words.next().and_then(|word| word.strip_prefix("cairn-"));
    let (version, chain) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if found != Some(kind) {
        let found = shorten(head, 40, 0);
        return fault(format!(
            "a file of this kind begins with cairn-{kind}, and this one with “{found}”. Choose another file."
        ));
    }
    if version != VERSION {
        let version = shorten(version, 8, 0);
        return fault(format!(
            "the file is of version “{version}”, and this Cairn reads version {VERSION}. Use a newer Cairn."
        ));
    }
    match chain.parse::<Hash>() {
        Ok(found) if found != *genesis => fault(format!(
            "the file belongs to another chain (genesis {}), and this is {}. Use a node of its chain.",
            brief(&found),
            brief(genesis),
        )),
        Ok(_) if words.next().is_none() => Ok(()),
        _ => fault(format!(
            "it is not cairn-{kind} {VERSION} and a genesis hash of 64 small hex digits. Export the file again."
        )),
    }
}

fn brief(hash: &Hash) -> String {
    shorten(&hash.to_string(), 8, 0)
}

/// Writes a file, record by record.
#[derive(Debug, Clone)]
pub struct Writer(String);

impl Writer {
    /// Begins a file of this kind for the chain with this genesis block.
    #[must_use]
    pub fn new(kind: &str, genesis: &Hash) -> Self {
        Self(format!("cairn-{kind} {VERSION} {genesis}\n"))
    }

    /// Adds a record. No field may be empty, or the file cannot be read.
    pub fn record(&mut self, fields: &[&str]) {
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.0.push(' ');
            }
            self.0.push_str(&encoded(field));
        }
        self.0.push('\n');
    }

    /// The file.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }
}

/// The name under which a file is saved: `cairn-contacts-dev.txt`. Other characters than letters and digits become `-`.
#[must_use]
pub fn file_name(kind: &str, network: &str, ending: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() { char } else { '-' };
    let network: String = network.chars().take(40).map(plain).collect();
    format!("cairn-{kind}-{network}.{ending}")
}

/// The examples of docs/files.md that are of this kind, and the chain that they belong to.
#[cfg(test)]
pub(super) fn example(kind: &str) -> (String, Hash) {
    let begin = format!("    cairn-{kind} ");
    let lines = include_str!("../../../docs/files.md").lines();
    let block: Vec<&str> = lines
        .skip_while(|line| !line.starts_with(&begin))
        .map_while(|line| line.strip_prefix("    "))
        .collect();
    let genesis = block[0].rsplit(' ').next().unwrap().parse().unwrap();
    (block.join("\n") + "\n", genesis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: Hash = Hash([5; 32]);

    fn file(lines: &str) -> String {
        format!("cairn-test 1 {GENESIS}\n{lines}")
    }

    fn fault(text: &str) -> String {
        read(text, "test", &GENESIS).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let records = [
            vec!["one"],
            vec!["a b", "#", "50 %", "é\r\n\t🪨\u{feff}"],
            vec!["-", "%20", "=\"'<script>"],
        ];
        let mut writer = Writer::new("test", &GENESIS);
        records.iter().for_each(|fields| writer.record(fields));
        let text = writer.finish();
        assert!(text.is_ascii());
        assert_eq!(
            text.lines().nth(2),
            Some("a%20b %23 50%20%25 %C3%A9%0D%0A%09%F0%9F%AA%A8%EF%BB%BF")
        );
        let read = read(&text, "test", &GENESIS).unwrap();
        let fields: Vec<_> = read.iter().map(|record| record.fields.clone()).collect();
        assert_eq!(fields, records);
        assert_eq!(read.iter().map(|record| record.line).collect::<Vec<_>>(), [2, 3, 4]);
    }

    #[test]
    fn blank_lines_comments_and_other_line_ends_are_read_over() {
        let text = file("\n  \n# a comment %%\r\na b\r\n\n");
        let records = read(&format!("\u{feff}{text}"), "test", &GENESIS).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].line, records[0].exactly::<2>()), (5, Ok(["a", "b"])));
        assert!(
            records[0]
                .exactly::<3>()
                .unwrap_err()
                .to_string()
                .starts_with("Line 5: it has 2")
        );
        assert_eq!(read(&file(""), "test", &GENESIS), Ok(Vec::new()));
    }

    #[test]
    fn another_file_is_refused_by_its_first_line() {
        assert!(fault("").contains("begins with cairn-test"));
        assert!(fault(&format!("# no\n{}", file(""))).contains("begins with cairn-test"));
        assert!(fault(&file("").replace("test", "notes")).contains("“cairn-notes 1 "));
        assert!(fault(&file("").replace("-test 1", "-test 2")).contains("version “2”"));
        assert!(fault(&file("").replace("-test 1", "-test 01")).contains("version “01”"));
        assert!(fault(&file("").replace("05", "06")).contains("genesis 06060606…), and this is 05050505…"));
        assert!(fault("cairn-test 1 0505").contains("64 small hex digits"));
        assert!(fault(&file("").replace('\n', " more\n")).contains("64 small hex digits"));
    }

    #[test]
    fn a_broken_line_is_named() {
        assert!(fault(&file("a\n\nb  c")).starts_with("Line 4: a field is empty"));
        assert!(fault(&file("a ")).starts_with("Line 2: a field is empty"));
        for broken in ["%", "a %4", "%zz", "%FF", "b %+1"] {
            assert!(
                fault(&file(broken)).starts_with("Line 2: a field cannot be read"),
                "{broken}"
            );
        }
    }

    #[test]
    fn a_file_has_limits() {
        let most = "a\n".repeat(MAX_RECORDS);
        assert_eq!(read(&file(&most), "test", &GENESIS).unwrap().len(), MAX_RECORDS);
        assert!(fault(&file(&(most + "a"))).starts_with("Line 1002: "));
        let long = file(&format!("#{}", "a".repeat(MAX_LEN)));
        assert!(fault(&long).contains("at most 3000000"));
    }

    #[test]
    fn a_file_name_is_plain() {
        assert_eq!(file_name("contacts", "dev", "txt"), "cairn-contacts-dev.txt");
        assert_eq!(
            file_name("history", "../a b\u{202e}", "csv"),
            "cairn-history----a-b-.csv"
        );
        assert!(file_name("contacts", &"é".repeat(500), "txt").len() < 70);
    }
}
