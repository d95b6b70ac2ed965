//! Names of files as names for people.

use std::ffi::OsStr;

/// The name of a file whose own name shows nothing.
const NAMELESS: &str = "untitled";

/// A file's name (or its stem) as a line of at most so many characters. The system allows names that no text can be: what
/// is not UTF-8 is replaced, control characters such as a line's end become spaces.
#[must_use]
pub fn for_people(name: Option<&OsStr>, longest: usize) -> String {
    let text = name.unwrap_or_default().to_string_lossy();
    let text = text.replace(char::is_control, " ");
    let short: String = text.trim().chars().take(longest).collect();
    match short.trim_end() {
        "" => NAMELESS.to_owned(),
        short => short.to_owned(),
    }
}

/// An id as an argument.
///
/// # Errors
/// With what one looks like.
pub fn id(text: &str) -> Result<uuid::Uuid, String> {
    text.parse()
        .map_err(|_| "give an id of 36 characters, as the list of them shows it".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn any_name_a_file_may_have_becomes_one_line() {
        let named = |bytes: &[u8]| for_people(Some(OsStr::from_bytes(bytes)), 200);
        assert_eq!(named(b"All hands"), "All hands");
        assert_eq!(named("Ünï ☃ 日本".as_bytes()), "Ünï ☃ 日本");
        assert_eq!(named(b"new\nline\t"), "new line");
        assert_eq!(named(b"bad\xff"), "bad\u{fffd}");
        assert_eq!(named(b"   "), NAMELESS);
        assert_eq!(named(&[b'x'; 255]).chars().count(), 200);
        assert_eq!(for_people(None, 200), NAMELESS);
    }
}
