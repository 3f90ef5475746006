//! What an answer says in words: messages and single values of any shape, no more of
//! them than is shown.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::quote::LONGEST_TEXT;

/// One of Cloudflare's messages.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) code: i64,
    pub(super) text: String,
}

impl Message {
    /// The same as words alone: what is said beside the errors decides nothing.
    pub(super) fn aside(self) -> Self {
        let text = match self.code {
            0 => self.text,
            code => format!("{} (code {code})", self.text),
        };
        Self { code: 0, text }
    }
}

/// Messages in any shape: a list, a single one, objects or texts, with their causes.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub(super) kept: Vec<Message>,
    /// How many there are beyond those that are kept.
    pub(super) more: usize,
}

/// How many messages are kept.
pub(super) const MOST: usize = 10;

impl Messages {
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    fn push(&mut self, message: Message) {
        match self.kept.len() < MOST {
            true => self.kept.push(message),
            false => self.more += 1,
        }
    }
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MessagesVisitor)
    }
}

struct MessagesVisitor;

impl<'de> Visitor<'de> for MessagesVisitor {
    type Value = Messages;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("messages")
    }

    fn visit_str<E>(self, text: &str) -> Result<Messages, E> {
        let mut messages = Messages::default();
        messages.push(Message {
            code: 0,
            text: bounded(text),
        });
        Ok(messages)
    }

    fn visit_unit<E>(self) -> Result<Messages, E> {
        Ok(Messages::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Messages, E> {
        Ok(Messages::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Messages, E> {
        Ok(Messages::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Messages, E> {
        Ok(Messages::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Messages, E> {
        Ok(Messages::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Messages, A::Error> {
        let mut all = Messages::default();
        while all.kept.len() < MOST {
            let Some(found) = elements.next_element::<Messages>()? else {
                return Ok(all);
            };
            all.more += found.more;
            found.kept.into_iter().for_each(|message| all.push(message));
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {
            all.more += 1;
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Messages, A::Error> {
        let (mut code, mut text, mut link) = (0, String::new(), None);
        let mut causes = Messages::default();
        while let Some(Name(name)) = fields.next_key()? {
            match name.as_str() {
                "code" => code = fields.next_value::<Scalar>()?.number().unwrap_or(0),
                "message" | "error" | "detail" if text.is_empty() => {
                    text = fields.next_value::<Scalar>()?.into_text();
                }
                "documentation_url" => link = Some(fields.next_value::<Scalar>()?.into_text()),
                "error_chain" => causes = fields.next_value()?,
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        if let Some(link) = link.filter(|link| !link.is_empty()) {
            text = format!("{text} (see {link})").trim_start().to_owned();
        }
        let mut all = Messages::default();
        if code != 0 || !text.is_empty() {
            all.push(Message { code, text });
        }
        all.more += causes.more;
        causes
            .kept
            .into_iter()
            .map(Message::aside)
            .for_each(|message| all.push(message));
        Ok(all)
    }
}

/// The name of a field, as far as one is known.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Known;
        impl Visitor<'_> for Known {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(bounded(name)))
            }
        }
        from.deserialize_str(Known)
    }
}

/// A text, number or flag; of everything else it is only known that it was there.
#[derive(Clone, Debug, Default)]
pub(super) enum Scalar {
    Text(String),
    Other,
    #[default]
    Null,
}

impl Scalar {
    fn number(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Other | Self::Null => None,
        }
    }

    /// The text, or a number or flag as text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other | Self::Null => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Other | Self::Null => String::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a flag")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(bounded(text)))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar::Text(flag.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Text(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Text(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Scalar, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    /// `serde_json` shows a number that keeps all its digits as an object of one text.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Scalar, A::Error> {
        let mut number = None;
        while let Some(Name(name)) = fields.next_key()? {
            match name == "$serde_json::private::Number" {
                true => number = Some(bounded(&fields.next_value::<String>()?)),
                false => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(number.map_or(Scalar::Other, Scalar::Text))
    }
}

/// A text, as long as it may be quoted.
fn bounded(text: &str) -> String {
    match text.len() <= LONGEST_TEXT {
        true => text.to_owned(),
        false => format!("[a text of {} bytes]", text.len()),
    }
}
