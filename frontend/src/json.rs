//! Reading the node's answers.
//!
//! The text becomes a value, and what is asked for is taken out of it by name. serde's derived code reads any format in any
//! order; for the node's answers it weighed a tenth of the page.

mod answers;
mod object;
mod value;

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeOwned, IntoDeserializer};

pub(crate) use object::object;
pub use object::{FromFields, Object};
pub use value::Value;

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

    // The ones that serde writes print what was found, floats too, and the code for that is large.
    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("expected {expected}"))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("expected {expected}"))
    }
}

/// What can be read from a JSON value.
pub trait FromJson: Sized {
    /// Reads a value.
    ///
    /// # Errors
    /// What was expected.
    fn from_json(value: Value) -> Result<Self, Unreadable>;
}

/// Reads a text.
///
/// # Errors
/// Why it is not what was asked for.
pub fn read<T: FromJson>(text: &str) -> Result<T, Unreadable> {
    T::from_json(Value::parse(text)?)
}

fn expected<T>(what: &str) -> Result<T, Unreadable> {
    Err(Unreadable(["expected ", what].concat()))
}

impl FromJson for u64 {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        // Larger numbers are written as strings.
        value
            .as_u64()
            .map_or_else(|| expected("a whole number from 0 to 2^64 - 1"), Ok)
    }
}

macro_rules! smaller_numbers {
    ($($number:ident)*) => {$(
        impl FromJson for $number {
            fn from_json(value: Value) -> Result<Self, Unreadable> {
                Self::try_from(u64::from_json(value)?)
                    .or_else(|_| expected(concat!("a whole number of the range of ", stringify!($number))))
            }
        }
    )*};
}

smaller_numbers! { u16 u32 }

impl FromJson for bool {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        value.as_bool().map_or_else(|| expected("true or false"), Ok)
    }
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::String(text) => Ok(text),
            _ => expected("a string"),
        }
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Null => Ok(None),
            value => T::from_json(value).map(Some),
        }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Array(items) => items.into_iter().map(T::from_json).collect(),
            _ => expected("an array"),
        }
    }
}

/// Reads what is written as a string, by its own serde code.
fn from_string<T: DeserializeOwned>(value: Value) -> Result<T, Unreadable> {
    let text: StringDeserializer<Unreadable> = String::from_json(value)?.into_deserializer();
    T::deserialize(text)
}

/// What is only drawn is read where it is drawn.
impl FromJson for Value {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        Ok(value)
    }
}

impl FromJson for Object {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        Self::of(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Inner {
        height: u64,
    }

    #[derive(Debug, PartialEq)]
    struct Outer {
        inner: Inner,
        name: String,
        none: Option<String>,
        small: u16,
        list: Vec<Inner>,
        is_true: bool,
        late: u64,
    }

    object! { Inner { height } }
    object! { Outer { flat inner, name, none, small, list, is_true, default late } }

    const TEXT: &str = r#"{"height":18446744073709551615,"name":"stone","none":null,"small":7,"list":[{"height":1},{"height":2}],"is_true":true}"#;

    #[test]
    fn what_is_there_is_read_and_the_rest_is_passed_over() {
        let read: Outer = read(&TEXT.replacen('{', "{\"later\":[1,{}],", 1)).unwrap();
        let expected = Outer {
            inner: Inner { height: u64::MAX },
            name: "stone".into(),
            none: None,
            small: 7,
            list: vec![Inner { height: 1 }, Inner { height: 2 }],
            is_true: true,
            late: 0,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_something_else_is_refused_with_a_reason() {
        let reason = |from: &str, to: &str| {
            let changed = TEXT.replacen(from, to, 1);
            assert_ne!(changed, TEXT, "{from}");
            read::<Outer>(&changed).unwrap_err().to_string()
        };
        assert_eq!(reason("\"name\"", "\"title\""), "“name” is missing");
        assert_eq!(reason("\"stone\"", "7"), "name: expected a string");
        let whole = "small: expected a whole number from 0 to 2^64 - 1";
        assert_eq!(reason(":7", ":7.5"), whole);
        assert_eq!(reason(":7", ":-7"), whole);
        assert_eq!(
            reason(":7", ":65536"),
            "small: expected a whole number of the range of u16"
        );
        assert_eq!(reason(":true", ":1"), "is_true: expected true or false");
        assert_eq!(reason("{\"height\":1}", "[1]"), "list: expected an object");
        assert_eq!(
            reason("\"height\":2", "\"height\":\"2\""),
            "list: height: expected a whole number from 0 to 2^64 - 1"
        );
        assert!(read::<Outer>("[]").is_err() && read::<Outer>("{").is_err() && read::<Outer>("").is_err());
    }
}
