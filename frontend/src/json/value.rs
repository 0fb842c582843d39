//! A JSON value as the page needs it: without fractions, whose reader and tables weighed 3 KB of the page.
//!
//! serde_json reads the grammar; what it found is kept here.

use std::fmt;
use std::ops::Index;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Unreadable;

/// Values within values, at most. The node's answers have six.
const MAX_DEPTH: u8 = 16;
static NULL: Value = Value::Null;

/// A value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number from 0 to 2^64 - 1.
    Number(u64),
    /// Any other number: no field of an answer has one.
    OtherNumber,
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// Fields, in the order of the text.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads a text.
    ///
    /// # Errors
    /// Why it is no JSON, or nested too deeply.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let raw: &RawValue = serde_json::from_str(text).map_err(unreadable)?;
        Self::of(raw, 0)
    }

    fn of(raw: &RawValue, depth: u8) -> Result<Self, Unreadable> {
        let text = raw.get();
        if depth > MAX_DEPTH {
            return Err(Unreadable("it is nested too deeply".to_owned()));
        }
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Fields(fields) = serde_json::from_str(text).map_err(unreadable)?;
                let field = |(name, raw): (String, &RawValue)| Ok((name, Self::of(raw, depth + 1)?));
                Self::Object(fields.into_iter().map(field).collect::<Result<_, Unreadable>>()?)
            }
            Some(b'[') => {
                let Items(items) = serde_json::from_str(text).map_err(unreadable)?;
                let item = |raw: &RawValue| Self::of(raw, depth + 1);
                Self::Array(items.into_iter().map(item).collect::<Result<_, Unreadable>>()?)
            }
            Some(b'"') => Self::String(serde_json::from_str(text).map_err(unreadable)?),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            _ => text.parse().map_or(Self::OtherNumber, Self::Number),
        })
    }

    /// The number, if it is one from 0 to 2^64 - 1.
    #[must_use]
    pub const fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Yes or no, if it is either.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The text of a field; the empty text when there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match &self[name] {
            Self::String(text) => text,
            _ => "",
        }
    }

    /// The items of a field; none when it is no list.
    #[must_use]
    pub fn items(&self, name: &str) -> &[Self] {
        match &self[name] {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The number of a field.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self[name].as_u64()
    }
}

/// A field; null when there is none. Of two with one name the last counts, as everywhere.
impl Index<&str> for Value {
    type Output = Self;

    fn index(&self, name: &str) -> &Self {
        let Self::Object(fields) = self else { return &NULL };
        let field = fields.iter().rev().find(|(known, _)| known == name);
        field.map_or(&NULL, |(_, value)| value)
    }
}

fn unreadable(error: serde_json::Error) -> Unreadable {
    Unreadable(error.to_string())
}

struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

/// What a test writes with serde_json's macro.
#[cfg(test)]
impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        Self::parse(&value.to_string()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What serde_json makes of the same text, without fractions.
    fn by_serde(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => number.as_u64().map_or(Value::OtherNumber, Value::Number),
            serde_json::Value::String(text) => Value::String(text.clone()),
            serde_json::Value::Array(items) => Value::Array(items.iter().map(by_serde).collect()),
            serde_json::Value::Object(fields) => {
                let field = |(name, value): (&String, &serde_json::Value)| (name.clone(), by_serde(value));
                Value::Object(fields.iter().map(field).collect())
            }
        }
    }

    #[test]
    fn texts_are_read_as_serde_json_reads_them() {
        for text in [
            r#" {"a":[1, 2.5,-3,1e3,18446744073709551615,18446744073709551616], "b\"\u00e9\n":{"c":null,"d":[]},"e":true} "#,
            "[]",
            "{}",
            "false",
            "\"\\ud83d\\ude00 stone\"",
            "0",
        ] {
            let expected = by_serde(&serde_json::from_str(text).unwrap());
            assert_eq!(Value::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_as_serde_json_refuses_it() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{1:2}",
            "nul",
            "truth",
            "01",
            "+1",
            "1.",
            ".5",
            "--1",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\n\"",
            "[1] 2",
            "{\"a\":[{\"b\":tru}]}",
            "'a'",
            "\u{feff}1",
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
            assert!(Value::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(Value::parse(&nested(usize::from(MAX_DEPTH) + 1)).is_ok());
        assert!(Value::parse(&nested(usize::from(MAX_DEPTH) + 2)).is_err());
        assert!(Value::parse(&nested(100_000)).is_err());
    }

    #[test]
    fn fields_are_found_by_name() {
        let value: Value = json!({"n": 7, "t": "x", "l": [1], "o": {"b": true}, "f": 0.5}).into();
        assert_eq!(
            (value.number("n"), value.number("f"), value.number("t")),
            (Some(7), None, None)
        );
        assert_eq!((value.text("t"), value.text("n"), value.items("l").len()), ("x", "", 1));
        assert_eq!(
            (value["o"]["b"].as_bool(), &value["o"]["none"]["deep"]),
            (Some(true), &Value::Null)
        );
        assert_eq!(Value::parse(r#"{"a":1,"a":2}"#).unwrap().number("a"), Some(2));
    }
}
