//! Writing MessagePack.

use rmp::encode;

use super::{REFINED, expected};
use crate::value::{DecodeError, Dynamic, Number, Step, Type, Unknown};

/// Writing into memory cannot fail, but rmp's signatures say it could.
fn infallible<T, E>(result: Result<T, E>) -> Result<T, DecodeError> {
    result.map_err(|_| DecodeError::new("cannot be encoded"))
}

fn length(count: usize) -> Result<u32, DecodeError> {
    u32::try_from(count).map_err(|_| DecodeError::new("too large"))
}

/// Appends one value of the given type.
pub(super) fn write(out: &mut Vec<u8>, value: &Dynamic, ty: &Type) -> Result<(), DecodeError> {
    match (ty, value) {
        (_, Dynamic::Null) => infallible(encode::write_nil(out)),
        (_, Dynamic::Unknown(unknown)) => write_unknown(out, unknown),
        (Type::String, Dynamic::String(text)) => infallible(encode::write_str(out, text)),
        (Type::Bool, Dynamic::Bool(value)) => infallible(encode::write_bool(out, *value)),
        (Type::Number, Dynamic::Number(number)) => write_number(out, number),
        (Type::List(element) | Type::Set(element), Dynamic::List(elements)) => {
            write_list(out, elements.iter().map(|value| (value, &**element)))
        }
        (Type::Tuple(types), Dynamic::List(elements)) if types.len() == elements.len() => {
            write_list(out, elements.iter().zip(types))
        }
        (Type::Map(element), Dynamic::Map(entries)) => {
            infallible(encode::write_map_len(out, length(entries.len())?))?;
            for (key, value) in entries.iter() {
                infallible(encode::write_str(out, key))?;
                write(out, value, element).map_err(|e| e.within(Step::Key(key.clone())))?;
            }
            Ok(())
        }
        (Type::Object(attributes), Dynamic::Map(entries)) => {
            infallible(encode::write_map_len(out, length(attributes.len())?))?;
            for (name, ty) in attributes {
                infallible(encode::write_str(out, name))?;
                let value = entries.get(name).unwrap_or(&Dynamic::Null);
                write(out, value, ty).map_err(|e| e.within(Step::Attribute(name.clone())))?;
            }
            match entries.keys().find(|name| !attributes.contains_key(*name)) {
                None => Ok(()),
                Some(name) => {
                    Err(DecodeError::new("unknown attribute").within(Step::Attribute(name.clone())))
                }
            }
        }
        (Type::Dynamic, Dynamic::Typed(inner)) => {
            infallible(encode::write_array_len(out, 2))?;
            infallible(encode::write_bin(out, inner.0.to_json().as_bytes()))?;
            write(out, &inner.1, &inner.0)
        }
        (ty, value) => Err(DecodeError::new(format!(
            "expected {}, found {}",
            expected(ty),
            value.kind()
        ))),
    }
}

fn write_list<'v>(
    out: &mut Vec<u8>,
    elements: impl ExactSizeIterator<Item = (&'v Dynamic, &'v Type)>,
) -> Result<(), DecodeError> {
    infallible(encode::write_array_len(out, length(elements.len())?))?;
    for (index, (value, ty)) in elements.enumerate() {
        let step = || Step::Index(i64::try_from(index).unwrap_or(i64::MAX));
        write(out, value, ty).map_err(|error| error.within(step()))?;
    }
    Ok(())
}

/// Integers that fit go as integers, all else as text: core reads both, and
/// only text keeps every digit of a fraction.
fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), DecodeError> {
    match number.to_i64() {
        Some(integer) => infallible(encode::write_sint(out, integer)).map(drop),
        None => infallible(encode::write_str(out, &number.to_string())),
    }
}

fn write_unknown(out: &mut Vec<u8>, unknown: &Unknown) -> Result<(), DecodeError> {
    let Some(refinement) = unknown.refinement() else {
        infallible(encode::write_ext_meta(out, 1, 0))?;
        out.push(0);
        return Ok(());
    };
    let mut entries = Vec::new();
    let mut count = 0;
    let mut entry = |key: u64, write: &dyn Fn(&mut Vec<u8>) -> Result<(), DecodeError>| {
        count += 1;
        infallible(encode::write_uint(&mut entries, key))?;
        write(&mut entries)
    };
    if let Some(null) = refinement.null {
        entry(1, &|out| infallible(encode::write_bool(out, null)))?;
    }
    if let Some(prefix) = &refinement.prefix {
        entry(2, &|out| infallible(encode::write_str(out, prefix)))?;
    }
    for (key, bound) in [(3, &refinement.lower), (4, &refinement.upper)] {
        if let Some((number, inclusive)) = bound {
            entry(key, &|out| {
                infallible(encode::write_array_len(out, 2))?;
                write_number(out, number)?;
                infallible(encode::write_bool(out, *inclusive))
            })?;
        }
    }
    for (key, bound) in [(5, refinement.min_length), (6, refinement.max_length)] {
        if let Some(length) = bound {
            entry(key, &|out| {
                infallible(encode::write_sint(out, length)).map(drop)
            })?;
        }
    }
    let mut payload = Vec::new();
    infallible(encode::write_map_len(&mut payload, count))?;
    payload.extend(entries);
    infallible(encode::write_ext_meta(out, length(payload.len())?, REFINED))?;
    out.extend(payload);
    Ok(())
}
