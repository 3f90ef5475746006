//! Reading MessagePack.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode::{RmpRead, read_marker};

use super::{REFINED, expected};
use crate::json::DEPTH;
use crate::value::{DecodeError, Dynamic, Map, Number, Refinement, Step, Type, Unknown};

/// What a count alone may reserve; the rest is paid for by elements that are there.
const RESERVED: usize = 1024;

/// Reads values off the front of its input.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    depth: usize,
}

/// What the first byte of an encoded value says.
enum Token<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
    Binary(&'a [u8]),
    Array(usize),
    Map(usize),
    Extension(i8, &'a [u8]),
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            depth: 0,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn value(&mut self, ty: &Type) -> Result<Dynamic, DecodeError> {
        if self.depth == DEPTH {
            return Err(DecodeError::new("nested too deeply"));
        }
        self.depth += 1;
        let value = self.value_inside(ty);
        self.depth -= 1;
        value
    }

    fn value_inside(&mut self, ty: &Type) -> Result<Dynamic, DecodeError> {
        let token = self.token()?;
        match (ty, token) {
            (_, Token::Null) => Ok(Dynamic::Null),
            (_, Token::Extension(code, payload)) => Ok(Dynamic::Unknown(unknown(code, payload))),
            (Type::String, Token::Text(text)) => Ok(Dynamic::String(text.to_owned())),
            (Type::Bool, Token::Bool(value)) => Ok(Dynamic::Bool(value)),
            (Type::Number, Token::Number(number)) => Ok(Dynamic::Number(number)),
            (Type::Number, Token::Text(text)) => text.parse().map(Dynamic::Number),
            (Type::List(element) | Type::Set(element), Token::Array(count)) => {
                self.list(count, |_| Ok(element))
            }
            (Type::Tuple(elements), Token::Array(count)) if count == elements.len() => {
                let missing = || DecodeError::new("too many elements");
                self.list(count, |index| elements.get(index).ok_or_else(missing))
            }
            (Type::Map(element), Token::Map(count)) => self.map(count, Step::Key, |_| Ok(element)),
            (Type::Object(attributes), Token::Map(count)) => {
                let foreign = |name: &str| {
                    DecodeError::new("unknown attribute").within(Step::Attribute(name.to_owned()))
                };
                let value = self.map(count, Step::Attribute, |name| {
                    attributes.get(name).ok_or_else(|| foreign(name))
                })?;
                complete(value, attributes)
            }
            (Type::Dynamic, Token::Array(2)) => self.typed(),
            (ty, token) => Err(DecodeError::new(format!(
                "expected {}, found {}",
                expected(ty),
                token.kind()
            ))),
        }
    }

    /// The elements of an array, each of the type `ty` names for its position.
    fn list<'t>(
        &mut self,
        count: usize,
        ty: impl Fn(usize) -> Result<&'t Type, DecodeError>,
    ) -> Result<Dynamic, DecodeError> {
        let mut elements = Vec::with_capacity(self.paid(count)?.min(RESERVED));
        for index in 0..count {
            let step = || Step::Index(i64::try_from(index).unwrap_or(i64::MAX));
            let element = ty(index).and_then(|ty| self.value(ty));
            elements.push(element.map_err(|error| error.within(step()))?);
        }
        Ok(Dynamic::List(elements))
    }

    /// The entries of a map, each of the type `ty` names for its key.
    fn map<'t>(
        &mut self,
        count: usize,
        step: fn(String) -> Step,
        ty: impl Fn(&str) -> Result<&'t Type, DecodeError>,
    ) -> Result<Dynamic, DecodeError> {
        self.paid(count.saturating_mul(2))?;
        let mut entries = Vec::with_capacity(count.min(RESERVED));
        for _ in 0..count {
            let Token::Text(key) = self.token()? else {
                return Err(DecodeError::new("expected a string as key"));
            };
            let value = self
                .value(ty(key)?)
                .map_err(|error| error.within(step(key.to_owned())))?;
            entries.push((key.to_owned(), value));
        }
        let entries = Map::new(entries);
        entries
            .map(Dynamic::Map)
            .map_err(|name| DecodeError::new("given twice").within(step(name)))
    }

    /// A value behind its own type: `[type JSON, value]`.
    fn typed(&mut self) -> Result<Dynamic, DecodeError> {
        let ty = match self.token()? {
            Token::Text(json) => Type::from_json(json.as_bytes())?,
            Token::Binary(json) => Type::from_json(json)?,
            _ => return Err(DecodeError::new("expected a type")),
        };
        let value = self.value(&ty)?;
        Ok(Dynamic::Typed(Box::new((ty, value))))
    }

    fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        let short = |_| DecodeError::new("ends in the middle of a value");
        let marker = read_marker(&mut self.rest)
            .map_err(|_| DecodeError::new("ends in the middle of a value"))?;
        let rest = &mut self.rest;
        Ok(match marker {
            Marker::Null => Token::Null,
            Marker::True => Token::Bool(true),
            Marker::False => Token::Bool(false),
            Marker::FixPos(n) => Token::Number(i64::from(n).into()),
            Marker::FixNeg(n) => Token::Number(i64::from(n).into()),
            Marker::U8 => Token::Number(i64::from(rest.read_data_u8().map_err(short)?).into()),
            Marker::U16 => Token::Number(i64::from(rest.read_data_u16().map_err(short)?).into()),
            Marker::U32 => Token::Number(i64::from(rest.read_data_u32().map_err(short)?).into()),
            Marker::U64 => Token::Number(rest.read_data_u64().map_err(short)?.into()),
            Marker::I8 => Token::Number(i64::from(rest.read_data_i8().map_err(short)?).into()),
            Marker::I16 => Token::Number(i64::from(rest.read_data_i16().map_err(short)?).into()),
            Marker::I32 => Token::Number(i64::from(rest.read_data_i32().map_err(short)?).into()),
            Marker::I64 => Token::Number(rest.read_data_i64().map_err(short)?.into()),
            Marker::F32 => Token::Number(Number::from_f64(
                rest.read_data_f32().map_err(short)?.into(),
            )?),
            Marker::F64 => Token::Number(Number::from_f64(rest.read_data_f64().map_err(short)?)?),
            Marker::FixStr(n) => self.text(n.into())?,
            Marker::Str8 => {
                let n = rest.read_data_u8().map_err(short)?;
                self.text(n.into())?
            }
            Marker::Str16 => {
                let n = rest.read_data_u16().map_err(short)?;
                self.text(n.into())?
            }
            Marker::Str32 => {
                let n = rest.read_data_u32().map_err(short)?;
                self.text(n)?
            }
            Marker::Bin8 => {
                let n = rest.read_data_u8().map_err(short)?;
                Token::Binary(self.take(n.into())?)
            }
            Marker::Bin16 => {
                let n = rest.read_data_u16().map_err(short)?;
                Token::Binary(self.take(n.into())?)
            }
            Marker::Bin32 => {
                let n = rest.read_data_u32().map_err(short)?;
                Token::Binary(self.take(n)?)
            }
            Marker::FixArray(n) => Token::Array(n.into()),
            Marker::Array16 => Token::Array(rest.read_data_u16().map_err(short)?.into()),
            Marker::Array32 => Token::Array(size(rest.read_data_u32().map_err(short)?)),
            Marker::FixMap(n) => Token::Map(n.into()),
            Marker::Map16 => Token::Map(rest.read_data_u16().map_err(short)?.into()),
            Marker::Map32 => Token::Map(size(rest.read_data_u32().map_err(short)?)),
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => {
                let n = rest.read_data_u8().map_err(short)?;
                self.extension(n.into())?
            }
            Marker::Ext16 => {
                let n = rest.read_data_u16().map_err(short)?;
                self.extension(n.into())?
            }
            Marker::Ext32 => {
                let n = rest.read_data_u32().map_err(short)?;
                self.extension(n)?
            }
            Marker::Reserved => return Err(DecodeError::new("not MessagePack")),
        })
    }

    fn text(&mut self, length: u32) -> Result<Token<'a>, DecodeError> {
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes)
            .map(Token::Text)
            .map_err(|_| DecodeError::new("expected UTF-8 text"))
    }

    fn extension(&mut self, length: u32) -> Result<Token<'a>, DecodeError> {
        let code = self.rest.read_data_i8();
        let code = code.map_err(|_| DecodeError::new("ends in the middle of a value"))?;
        Ok(Token::Extension(code, self.take(length)?))
    }

    fn take(&mut self, length: u32) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(size(length))
            .ok_or_else(|| DecodeError::new("ends in the middle of a value"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The count, if the rest of the input is long enough for it: every element
    /// takes at least one byte.
    fn paid(&self, count: usize) -> Result<usize, DecodeError> {
        if count > self.rest.len() {
            return Err(DecodeError::new("ends in the middle of a value"));
        }
        Ok(count)
    }
}

impl Token<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Binary(_) => "bytes",
            Self::Array(_) => "a list",
            Self::Map(_) => "a map or object",
            Self::Extension(..) => "an unknown value",
        }
    }
}

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Checks that no attribute is missing.
fn complete(value: Dynamic, attributes: &BTreeMap<String, Type>) -> Result<Dynamic, DecodeError> {
    if let Dynamic::Map(entries) = &value
        && let Some(name) = attributes.keys().find(|name| !entries.contains_key(name))
    {
        return Err(DecodeError::new("missing attribute").within(Step::Attribute(name.clone())));
    }
    Ok(value)
}

/// What an extension says of an unknown value. A refinement is a hint: one that a
/// later protocol writes in another way counts as none.
fn unknown(code: i8, payload: &[u8]) -> Unknown {
    match code {
        REFINED => refinement(payload).map_or_else(|_| Unknown::default(), Unknown::refined),
        _ => Unknown::default(),
    }
}

fn refinement(payload: &[u8]) -> Result<Refinement, DecodeError> {
    let mut reader = Reader::new(payload);
    let malformed = || DecodeError::new("malformed refinement of an unknown value");
    let Token::Map(count) = reader.token()? else {
        return Err(malformed());
    };
    reader.paid(count.saturating_mul(2))?;
    let mut refinement = Refinement::default();
    for _ in 0..count {
        let Token::Number(key) = reader.token()? else {
            return Err(malformed());
        };
        match (key.to_i64(), reader.token()?) {
            (Some(1), Token::Bool(null)) => refinement.null = Some(null),
            (Some(2), Token::Text(prefix)) => refinement.prefix = Some(prefix.to_owned()),
            (Some(3), Token::Array(2)) => refinement.lower = Some(reader.bound()?),
            (Some(4), Token::Array(2)) => refinement.upper = Some(reader.bound()?),
            (Some(5), Token::Number(length)) => refinement.min_length = length.to_i64(),
            (Some(6), Token::Number(length)) => refinement.max_length = length.to_i64(),
            // Of what a later protocol says more, only what has no parts can be passed over.
            (_, Token::Array(_) | Token::Map(_)) => return Err(malformed()),
            _ => {}
        }
    }
    Ok(refinement)
}

impl Reader<'_> {
    fn bound(&mut self) -> Result<(Number, bool), DecodeError> {
        let number = match self.token()? {
            Token::Number(number) => number,
            Token::Text(text) => text.parse()?,
            _ => return Err(DecodeError::new("malformed refinement of an unknown value")),
        };
        match self.token()? {
            Token::Bool(inclusive) => Ok((number, inclusive)),
            _ => Err(DecodeError::new("malformed refinement of an unknown value")),
        }
    }
}
