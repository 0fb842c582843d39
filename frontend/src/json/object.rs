//! Objects: their fields are taken out by name, and those of a later version are passed over.

use std::mem;

use super::{FromJson, Unreadable, Value, expected};

/// The fields of an object that were not taken yet.
#[derive(Debug)]
pub struct Object(Vec<(String, Value)>);

/// What is read from the fields of an object, alone or among others.
pub trait FromFields: Sized {
    /// Takes what it needs.
    ///
    /// # Errors
    /// Which field is missing or is something else.
    fn from_fields(fields: &mut Object) -> Result<Self, Unreadable>;
}

impl Object {
    /// Takes the fields of a value.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => expected("an object"),
        }
    }

    /// Takes a field; an absent one is `null`.
    fn value(&mut self, name: &str) -> Value {
        let field = self.0.iter_mut().rev().find(|(known, _)| known == name);
        field.map(|(_, value)| mem::take(value)).unwrap_or_default()
    }

    /// Takes a field.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn take<T: FromJson>(&mut self, name: &str) -> Result<T, Unreadable> {
        let value = self.value(name);
        let is_missing = matches!(value, Value::Null);
        T::from_json(value).map_err(|error| failed(name, is_missing, error))
    }

    /// Takes a field that may be absent.
    ///
    /// # Errors
    /// When it is something else.
    pub fn take_or_default<T: FromJson + Default>(&mut self, name: &str) -> Result<T, Unreadable> {
        self.take::<Option<T>>(name).map(Option::unwrap_or_default)
    }
}

fn failed(name: &str, is_missing: bool, error: Unreadable) -> Unreadable {
    Unreadable(match is_missing {
        true => ["“", name, "” is missing"].concat(),
        false => [name, ": ", &error.0].concat(),
    })
}

/// Lists the fields of a struct that is read from an object: plain ones, `default` ones, which may be absent, and `flat`
/// ones, whose own fields lie in the same object. The compiler says when one is forgotten.
macro_rules! object {
    ($type:ident { $($kind:ident $($field:ident)?),* $(,)? }) => {
        impl $crate::json::FromFields for $type {
            fn from_fields(fields: &mut $crate::json::Object) -> Result<Self, $crate::json::Unreadable> {
                $($crate::json::object!(@ fields $kind $($field)?);)*
                Ok($crate::json::object!(= [] $($kind $($field)?),*))
            }
        }

        impl $crate::json::FromJson for $type {
            fn from_json(value: $crate::json::Value) -> Result<Self, $crate::json::Unreadable> {
                $crate::json::FromFields::from_fields(&mut $crate::json::Object::of(value)?)
            }
        }
    };
    (@ $fields:ident default $field:ident) => { let $field = $fields.take_or_default(stringify!($field))?; };
    (@ $fields:ident flat $field:ident) => { let $field = $crate::json::FromFields::from_fields($fields)?; };
    (@ $fields:ident $field:ident) => { let $field = $fields.take(stringify!($field))?; };
    (= [$($done:ident)*] $kind:ident $field:ident $(, $($rest:tt)*)?) => {
        $crate::json::object!(= [$($done)* $field] $($($rest)*)?)
    };
    (= [$($done:ident)*] $field:ident $(, $($rest:tt)*)?) => {
        $crate::json::object!(= [$($done)* $field] $($($rest)*)?)
    };
    (= [$($done:ident)*]) => { Self { $($done),* } };
}

pub(crate) use object;
