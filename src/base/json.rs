//! JSON: canonical for what is stored, plain for what is printed. The one home of `serde_json`.
//!
//! Canonical means: keys sorted by bytes, strings in NFC, no floats, integers below 2^53 in
//! magnitude, no blank between tokens, one line feed at the end. The same value has the same
//! bytes, so the same state has the same tree id.

use serde::Serialize;
use serde::de::DeserializeOwned;
pub use serde_json::{Map, Value, json};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::base::error::{Error, Result};

/// Integers stay exact in every JSON reader below this magnitude.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Serialises `value` canonically, with the final line feed.
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let value = serde_json::to_value(value)
        .map_err(|e| Error::bug("a record cannot be written as JSON").because(e))?;
    let mut out = Vec::new();
    write_canonical(&value, &mut out)?;
    out.push(b'\n');
    Ok(out)
}

/// Reads canonical bytes; anything that does not re-serialise to itself is an error.
pub fn from_canonical<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let value = parse_canonical(bytes)?;
    serde_json::from_value(value)
        .map_err(|e| Error::damaged("record", "a record does not have its form").because(e))
}

/// Reads canonical bytes as a plain value, with the same check as [`from_canonical`].
pub fn parse_canonical(bytes: &[u8]) -> Result<Value> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|e| Error::damaged("record", "a record is not JSON").because(e))?;
    let mut again = Vec::with_capacity(bytes.len());
    write_canonical(&value, &mut again)
        .map_err(|e| Error::damaged("record", "a record is not canonical JSON").because(e))?;
    again.push(b'\n');
    if again == bytes {
        Ok(value)
    } else {
        Err(Error::damaged("record", "a record is not canonical JSON"))
    }
}

/// Reads JSON that a person or an agent wrote.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|e| Error::usage("json", format!("not JSON: {e}")))
}

/// Reads JSON that a person or an agent wrote into a type.
pub fn parse_as<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|e| Error::usage("json", format!("`{}`: {}", e.path(), e.inner())))?;
    reader
        .end()
        .map_err(|e| Error::usage("json", format!("not JSON: {e}")))?;
    Ok(value)
}

/// Reads a value of a type from JSON that was read already.
///
/// # Errors
/// `json` (usage) with the path of what does not fit.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value)
        .map_err(|e| Error::usage("json", format!("`{}`: {}", e.path(), e.inner())))
}

/// Any serialisable value as a JSON value.
pub fn value<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|e| Error::bug("cannot be written as JSON").because(e))
}

/// One line, for streams and `--json`.
pub fn line<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::bug("cannot be written as JSON").because(e))
}

/// Indented, for files that people open.
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map_err(|e| Error::bug("cannot be written as JSON").because(e))
}

fn write_canonical(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Number(number) => {
            let number = number
                .as_i64()
                .filter(|n| n.unsigned_abs() <= INTEGER_MAX.unsigned_abs())
                .ok_or_else(|| {
                    Error::bug(format!("`{number}` is not a whole number below 2^53"))
                })?;
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::String(text) => write_string(text, out)?,
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_canonical(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => write_object(map, out)?,
    }
    Ok(())
}

fn write_object(map: &Map<String, Value>, out: &mut Vec<u8>) -> Result<()> {
    let mut entries: Vec<(String, &Value)> = map.iter().map(|(k, v)| (nfc(k), v)).collect();
    entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    out.push(b'{');
    for (i, (key, value)) in entries.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_string(key, out)?;
        out.push(b':');
        write_canonical(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_string(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let text = nfc(text);
    serde_json::to_writer(out, &text).map_err(|e| Error::bug("a string cannot be JSON").because(e))
}

fn nfc(text: &str) -> String {
    if is_nfc(text) {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_keys_and_composes_letters() {
        let bytes = to_canonical(&json!({"b": 1, "a": ["e\u{301}", null, true]})).unwrap();
        assert_eq!(bytes, "{\"a\":[\"é\",null,true],\"b\":1}\n".as_bytes());
    }

    #[test]
    fn refuses_floats_and_large_integers() {
        for value in [
            json!(1.5),
            json!(1u64 << 53),
            json!(-(1i64 << 53)),
            json!(u64::MAX),
        ] {
            assert!(to_canonical(&value).is_err(), "{value}");
        }
        assert!(to_canonical(&json!(INTEGER_MAX)).is_ok());
    }

    #[test]
    fn refuses_bytes_that_are_not_their_own_serialisation() {
        for text in [
            "{\"b\":1,\"a\":2}\n",
            "{\"a\":1}",
            "{\"a\": 1}\n",
            "{\"a\":1,\"a\":1}\n",
            "1e3\n",
            "[\"\\u0041\"]\n",
        ] {
            assert!(parse_canonical(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse_canonical(b"{\"a\":1}\n").is_ok());
    }
}
