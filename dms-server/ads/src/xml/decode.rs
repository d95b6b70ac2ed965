//! Bytes to text: byte order marks and declared encodings.

use super::{DOCUMENT_MAX, XmlError};

/// How the bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Latin1,
}

/// The text of a document in UTF-8, UTF-16, US-ASCII or ISO-8859-1, without a byte order mark and without
/// white space around it.
///
/// # Errors
/// A document that is too large, of another encoding, or that has characters XML does not have.
pub fn decode(bytes: &[u8]) -> Result<String, XmlError> {
    if bytes.len() > DOCUMENT_MAX {
        let text = format!("the document is larger than {DOCUMENT_MAX} bytes");
        return Err(XmlError::new("", text));
    }
    let (encoding, bytes) = encoding(bytes)?;
    let text = match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|error| {
                let text = format!("byte {} is not UTF-8", error.valid_up_to());
                XmlError::new("", text)
            })?,
        Encoding::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Encoding::Utf16Le => wide(bytes, u16::from_le_bytes)?,
        Encoding::Utf16Be => wide(bytes, u16::from_be_bytes)?,
    };
    if let Some(character) = text.chars().find(|c| !is_allowed(*c)) {
        let text = format!(
            "the character U+{:04X} is not allowed",
            u32::from(character)
        );
        return Err(XmlError::new("", text));
    }
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    Ok(if trimmed.len() == text.len() {
        text
    } else {
        trimmed.to_owned()
    })
}

/// Whether XML 1.0 has a character.
pub(super) const fn is_allowed(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn encoding(bytes: &[u8]) -> Result<(Encoding, &[u8]), XmlError> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => return Ok((Encoding::Utf8, rest)),
        [0xff, 0xfe, rest @ ..] => return Ok((Encoding::Utf16Le, rest)),
        [0xfe, 0xff, rest @ ..] => return Ok((Encoding::Utf16Be, rest)),
        [b'<', 0, _, 0, ..] => return Ok((Encoding::Utf16Le, bytes)),
        [0, b'<', 0, _, ..] => return Ok((Encoding::Utf16Be, bytes)),
        _ => {}
    }
    let encoding = match declared(bytes).as_deref() {
        // Some servers write UTF-16 into the declaration and send UTF-8: what came is no UTF-16.
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16") => Encoding::Utf8,
        Some("iso-8859-1" | "latin1" | "iso_8859-1" | "l1") => Encoding::Latin1,
        Some(other) => {
            let text = format!("the encoding {other:?} is not read; send UTF-8");
            return Err(XmlError::new("", text));
        }
    };
    Ok((encoding, bytes))
}

/// The encoding that a declaration names, in lower case.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = bytes.trim_ascii_start();
    let head = head.get(..head.len().min(200))?;
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let head = head.strip_prefix("<?xml")?;
    let head = head.split("?>").next()?;
    let (_, value) = head.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = value.get(1..)?.split(quote).next()?;
    Some(value.trim().to_ascii_lowercase())
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, XmlError> {
    let refused = || XmlError::new("", "the document is not UTF-16");
    let (units, []) = bytes.as_chunks::<2>() else {
        return Err(refused());
    };
    let characters = char::decode_utf16(units.iter().map(|pair| unit(*pair)));
    characters.collect::<Result<_, _>>().map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, write: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(write).collect()
    }

    #[test]
    fn each_encoding_gives_the_same_text() {
        let text = "<?xml version=\"1.0\"?><a>é</a>";
        let mut latin = b"<?xml version=\"1.0\" encoding='ISO-8859-1'?><a>".to_vec();
        latin.extend([0xe9]);
        latin.extend(b"</a>");
        let with_mark = [&[0xef, 0xbb, 0xbf][..], text.as_bytes()].concat();
        let little = utf16(text, u16::to_le_bytes);
        let big = utf16(text, u16::to_be_bytes);
        let marked = [&[0xff, 0xfe][..], &little].concat();
        let marked_big = [&[0xfe, 0xff][..], &big].concat();
        for bytes in [
            text.as_bytes(),
            &with_mark,
            &little,
            &big,
            &marked,
            &marked_big,
        ] {
            assert_eq!(decode(bytes).as_deref(), Ok(text));
        }
        assert!(decode(&latin).expect("read").ends_with("<a>é</a>"));
    }

    #[test]
    fn other_encodings_and_broken_ones_are_refused() {
        let declared = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><a/>");
        for name in [
            "windows-1252",
            "UTF-7",
            "EBCDIC-CP-US",
            "Shift_JIS",
            "utf-32",
        ] {
            assert!(decode(declared(name).as_bytes()).is_err(), "{name}");
        }
        for bytes in [
            &b"<a>\xff</a>"[..],
            b"\xff\xfe<\0a",
            b"\xff\xfe\0\xd8",
            b"<a>\x01</a>",
            b"<a>\xef\xbf\xbf</a>",
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
        assert!(decode(&vec![b' '; DOCUMENT_MAX + 1]).is_err());
    }
}
