//! Network files: the two that are built in, and those that people write.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use shared::params::{Network, Parameters, ParametersError};

/// The networks that ship, with their files.
const BUILT_IN: [(&str, &str); 2] = [
    ("dev", include_str!("../networks/dev.toml")),
    ("class", include_str!("../networks/class.toml")),
];

/// The greatest length of a network file: room for 100,000 allocations.
const MAX_FILE_LEN: u64 = 32 << 20;

/// The network called `name`, or that of the file at this path.
///
/// # Errors
/// One sentence that names the file, the line and the field, and says what is allowed.
pub fn load(name: &str) -> Result<Network> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        return parse(name, text);
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(anyhow!(
            "there is no network {name:?}: use dev, class, or the path of a file that `cairn init` wrote"
        ));
    }
    let length = path.metadata().with_context(|| format!("{name} cannot be read"))?.len();
    if length > MAX_FILE_LEN {
        return Err(anyhow!(
            "{name} has {length} bytes, and a network file at most {MAX_FILE_LEN}"
        ));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    parse(name, &text)
}

/// The network that the text of a file spells. `file` is named in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(file: &str, text: &str) -> Result<Network> {
    let parameters: Parameters = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        let reason = error.message().trim().replace('\n', "; ");
        match error.span().and_then(|span| field_at(text, span.start)) {
            Some(field) => anyhow!("{file}, line {line}, {field}: {reason}"),
            None => anyhow!("{file}, line {line}: {reason}"),
        }
    })?;
    Network::new(parameters).map_err(|error| {
        let needle = match &error {
            ParametersError::OutOfRange { field, .. } => field.rsplit('.').next().unwrap_or_default(),
            ParametersError::Address { address, .. } | ParametersError::Twice { address } => address,
            ParametersError::SupplyTooLarge => "subsidy",
        };
        anyhow!("{file}, line {}: {error}", line_of(text, needle))
    })
}

/// The number of the line in which a byte stands.
fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The field that the line of a byte sets.
fn field_at(text: &str, offset: usize) -> Option<&str> {
    let line = text.lines().nth(line_at(text, offset) - 1)?;
    let field = line.split_once('=')?.0.trim();
    field
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        .then_some(field)
        .filter(|field| !field.is_empty())
}

/// The number of the line that sets a field or holds a text; 1 when there is none.
fn line_of(text: &str, needle: &str) -> usize {
    let sets = |line: &str| {
        line.split_once('=').is_some_and(|(field, _)| field.trim() == needle)
            || (needle.len() > 16 && line.contains(needle))
    };
    text.lines().position(sets).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_that_ship_are_valid_and_different() {
        let dev = load("dev").unwrap();
        let class = load("class").unwrap();
        assert_eq!(dev.name(), "dev");
        assert_eq!(class.name(), "class");
        assert_ne!(dev.genesis_hash(), class.genesis_hash());
    }

    #[test]
    fn errors_name_file_line_field_and_way_out() {
        let (_, dev) = BUILT_IN[0];
        for (from, to, message) in [
            (
                "interval_ms = 1000",
                "interval_ms = 0",
                "f.toml, line 13: interval_ms is 0, and must be 1 to 86400000",
            ),
            (
                "symbol = \"STONE\"",
                "symbol = 5",
                "f.toml, line 4, symbol: invalid type: integer `5`, expected a string",
            ),
            (
                "bits = 0x2000ffff",
                "bits = 1",
                "difficulty.bits is 0x00000001, and must be the compact form",
            ),
            (
                "halving_interval = 100000000",
                "halving_interval = 0",
                "line 8: allocations and subsidies can pass",
            ),
            ("name = \"dev\"\n", "", "missing field `name`"),
            (
                "name = \"dev\"",
                "name = \"dev\"\ncolour = 1",
                "line 4, colour: unknown field `colour`",
            ),
            (
                "prefix = \"dev\"",
                "prefix = \"Dev\"",
                "line 5, prefix: an address prefix is 1 to 16",
            ),
            ("name = \"dev\"", "name = ", "line 3"),
        ] {
            assert!(dev.contains(from), "{from}");
            let error = parse("f.toml", &dev.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with("f.toml, line "), "{error}");
            assert!(error.contains(message), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let error = load("nowhere.toml").unwrap_err().to_string();
        assert!(error.contains("use dev, class, or the path"), "{error}");
    }
}
