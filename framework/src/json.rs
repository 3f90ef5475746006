//! JSON from outside that is read as it is: states, private data, moved objects, types.
//! Answers are read into types of their own, which no key can make parse again.
//!
//! `serde_json` gives some object keys a meaning of its own (a number or a text that is
//! parsed once more), so that a stranger's object could be parsed to any depth. Here a
//! key is a key, and there is one limit of depth.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep values from outside may nest.
pub(crate) const DEPTH: usize = 100;

/// Where a text stops being JSON. The parser's own message could quote the text, which
/// may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON, or nested too deeply (line {line}, column {column})")]
pub(crate) struct NotJson {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

/// Reads one value, and nothing behind it.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, NotJson> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Reader { left: DEPTH }.deserialize(&mut parser);
    value
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| NotJson {
            line: error.line(),
            column: error.column(),
        })
}

/// Reads a value that may have so many levels.
#[derive(Clone, Copy)]
struct Reader {
    left: usize,
}

/// How `serde_json` tells a visitor of a number that keeps all its digits: as an object
/// of this one key.
const NUMBER: &str = "$serde_json::private::Number";

impl Reader {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1);
        left.map(|left| Self { left })
            .ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(inside)? {
            list.push(element);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == NUMBER {
                let text: String = entries.next_value()?;
                let number: Number = text.parse().map_err(A::Error::custom)?;
                return Ok(number.into());
            }
            object.insert(key, entries.next_value_seed(inside)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = r#"{"a":[1,-2.50,12345678901234567890123,1e+400,"x\n",true,null],"b":{}}"#;
        let value = read(text.as_bytes()).expect("JSON");
        assert_eq!(value.to_string(), text);
    }

    #[test]
    fn no_key_makes_it_parse_again() {
        let mut text = "1".to_owned();
        for _ in 0..4 {
            let inner = Value::from(text).to_string();
            text = format!(r#"{{"$serde_json::private::RawValue":{inner}}}"#);
        }
        let value = read(text.as_bytes()).expect("JSON");
        assert_eq!(value.to_string(), text, "a key like any other");
        let odd = r#"{"$serde_json::private::Number":"[[1]]"}"#;
        assert!(read(odd.as_bytes()).is_err());
    }

    #[test]
    fn there_is_one_limit_of_depth() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(DEPTH).as_bytes()).is_ok());
        assert!(read(nested(DEPTH + 1).as_bytes()).is_err());
        assert!(read("[".repeat(1_000_000).as_bytes()).is_err());
        assert!(read(b"1 2").is_err(), "one value and nothing behind it");
    }
}
