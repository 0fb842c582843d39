//! Reading the node's answers.
//!
//! The text becomes a value first, and the types are read from that: code for each type is most of what JSON weighs on the
//! page. So structs are read from objects only, and errors say no more than where the trouble is.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// Why a text is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("expected {expected}"))
    }
}

/// Reads a text.
///
/// # Errors
/// Why it is not what was asked for.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    from_value(serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?)
}

/// Reads a value.
///
/// # Errors
/// Why it is not what was asked for.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Unreadable> {
    T::deserialize(Node(value))
}

/// A value as a source for serde.
struct Node(Value);

impl<'de> Deserializer<'de> for Node {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is_true) => visitor.visit_bool(is_true),
            Value::Number(number) => match number.as_u64() {
                Some(number) => visitor.visit_u64(number),
                // The node writes whole numbers that are not negative; larger ones as strings.
                None => Err(de::Error::custom("a number is not a whole one from 0 to 2^64 - 1")),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
            _ => Err(de::Error::custom("expected an object")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::String(name) => {
                let name: StringDeserializer<Unreadable> = name.into_deserializer();
                visitor.visit_enum(name)
            }
            _ => Err(de::Error::custom("expected a word")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier
    }
}

/// The items of an array.
struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unreadable> {
        self.0.next().map(|item| seed.deserialize(Node(item))).transpose()
    }
}

/// The fields of an object.
struct Fields {
    rest: serde_json::map::IntoIter,
    /// Of the field whose name was read last.
    value: Value,
}

impl Fields {
    fn of(object: Map<String, Value>) -> Self {
        Self {
            rest: object.into_iter(),
            value: Value::Null,
        }
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Unreadable;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unreadable> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(Node(Value::String(name))).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unreadable> {
        seed.deserialize(Node(self.value.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        height: u64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Small,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "state", rename_all = "lowercase")]
    enum Tagged {
        Pending { place: u64 },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
        name: String,
        none: Option<String>,
        some: Option<u32>,
        list: Vec<Inner>,
        word: Word,
        standing: Tagged,
        is_true: bool,
    }

    fn outer() -> Outer {
        Outer {
            inner: Inner { height: u64::MAX },
            name: "stone".into(),
            none: None,
            some: Some(7),
            list: vec![Inner { height: 1 }, Inner { height: 2 }],
            word: Word::Small,
            standing: Tagged::Pending { place: 3 },
            is_true: true,
        }
    }

    #[test]
    fn what_serde_writes_is_read() {
        let text = serde_json::to_string(&outer()).unwrap();
        assert_eq!(read::<Outer>(&text), Ok(outer()));
        // Fields of a later version are passed over.
        assert_eq!(read::<Outer>(&text.replacen('{', "{\"later\":[1,{}],", 1)), Ok(outer()));
    }

    #[test]
    fn what_is_something_else_is_refused_with_a_reason() {
        let text = serde_json::to_string(&outer()).unwrap();
        let reason = |from: &str, to: &str| {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            read::<Outer>(&changed).unwrap_err().to_string()
        };
        assert_eq!(reason("\"name\"", "\"title\""), "missing field `name`");
        assert_eq!(reason("\"stone\"", "7"), "expected a string");
        assert_eq!(reason(":7", ":7.5"), "a number is not a whole one from 0 to 2^64 - 1");
        assert_eq!(reason(":7", ":-7"), "a number is not a whole one from 0 to 2^64 - 1");
        assert_eq!(reason(":7", ":4294967296"), "expected u32");
        assert_eq!(reason("\"small\"", "1"), "expected a word");
        assert!(reason("\"small\"", "\"large\"").starts_with("unknown variant `large`"));
        assert_eq!(reason("{\"height\":1}", "[1]"), "expected an object");
        assert!(read::<Outer>("[]").is_err() && read::<Outer>("{").is_err() && read::<Outer>("").is_err());
    }
}
