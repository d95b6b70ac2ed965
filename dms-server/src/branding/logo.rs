//! A logo as it comes from a browser: its kind is read from its bytes, whatever it was called.
//!
//! PNG and WebP only: an SVG may bring scripts and links of its own, and is drawn by other rules in each place.

/// The largest logo, bytes.
pub const BYTES_MAX: usize = 256 << 10;
/// The shortest and the longest side, pixels.
pub const SIDES: std::ops::RangeInclusive<u32> = 16..=1_024;

/// What a logo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

impl Kind {
    /// Its name in the database and in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// Why some bytes are no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLogo {
    /// More than [`BYTES_MAX`].
    TooLarge,
    /// Neither PNG nor WebP, or cut off.
    NoPicture,
    /// A side is not within [`SIDES`].
    Sides(u32, u32),
    /// It moves.
    Animated,
}

/// The kind and the sides, in pixels, of a picture that can be a logo.
///
/// # Errors
/// Why it cannot.
pub fn judge(bytes: &[u8]) -> Result<(Kind, u32, u32), NoLogo> {
    if bytes.len() > BYTES_MAX {
        return Err(NoLogo::TooLarge);
    }
    let (kind, width, height) = match png(bytes) {
        Some((width, height)) => (Kind::Png, width, height),
        None => {
            let (width, height) = webp(bytes)?;
            (Kind::Webp, width, height)
        }
    };
    if SIDES.contains(&width) && SIDES.contains(&height) {
        Ok((kind, width, height))
    } else {
        Err(NoLogo::Sides(width, height))
    }
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// The sides that the first chunk of a PNG names; the last one has to be its end.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    if !bytes.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82") {
        return None;
    }
    let side = |at| number::<4>(rest, at).map(u32::from_be_bytes);
    Some((side(0)?, side(4)?))
}

/// The sides of a WebP, in each of its three forms.
fn webp(bytes: &[u8]) -> Result<(u32, u32), NoLogo> {
    let no_picture = NoLogo::NoPicture;
    let riff: [u8; 4] = number(bytes, 0).ok_or(no_picture)?;
    let length: [u8; 4] = number(bytes, 4).ok_or(no_picture)?;
    let form: [u8; 8] = number(bytes, 8).ok_or(no_picture)?;
    let whole = u64::from(u32::from_le_bytes(length)) + 8 == bytes.len() as u64;
    if &riff != b"RIFF" || !form.starts_with(b"WEBP") || !whole {
        return Err(no_picture);
    }
    let three = |at| {
        let [low, middle, high] = number::<3>(bytes, at).ok_or(no_picture)?;
        Ok(u32::from_le_bytes([low, middle, high, 0]) + 1)
    };
    match &form[4..] {
        b"VP8X" => {
            let flags = *bytes.get(20).ok_or(no_picture)?;
            if flags & 0b10 != 0 {
                return Err(NoLogo::Animated);
            }
            Ok((three(24)?, three(27)?))
        }
        b"VP8L" => {
            let bits = number::<5>(bytes, 20).ok_or(no_picture)?;
            let [0x2f, a, b, c, d] = bits else {
                return Err(no_picture);
            };
            let packed = u32::from_le_bytes([a, b, c, d]);
            Ok(((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1))
        }
        b"VP8 " => {
            if number::<3>(bytes, 23) != Some([0x9d, 0x01, 0x2a]) {
                return Err(no_picture);
            }
            let side = |at| number::<2>(bytes, at).map(|two| u32::from(u16::from_le_bytes(two)));
            let sides = side(26).zip(side(28)).ok_or(no_picture)?;
            Ok((sides.0 & 0x3fff, sides.1 & 0x3fff))
        }
        _ => Err(no_picture),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The head and the end of a PNG with these sides.
    pub(crate) fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
        bytes
    }

    fn webp_of(form: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        bytes.extend(form);
        bytes.extend(u32::try_from(payload.len()).expect("small").to_le_bytes());
        bytes.extend(payload);
        let length = u32::try_from(bytes.len() - 8).expect("small");
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    #[test]
    fn the_bytes_say_what_it_is() {
        assert_eq!(judge(&png_of(120, 40)), Ok((Kind::Png, 120, 40)));
        assert_eq!(judge(&png_of(15, 40)), Err(NoLogo::Sides(15, 40)));
        assert_eq!(judge(&png_of(40, 1_025)), Err(NoLogo::Sides(40, 1_025)));
        let cut = png_of(120, 40);
        assert_eq!(judge(&cut[..cut.len() - 1]), Err(NoLogo::NoPicture));
        let extended = [0, 0, 0, 0, 119, 0, 0, 39, 0, 0];
        assert_eq!(
            judge(&webp_of(b"VP8X", &extended)),
            Ok((Kind::Webp, 120, 40))
        );
        let moves = [2, 0, 0, 0, 119, 0, 0, 39, 0, 0];
        assert_eq!(judge(&webp_of(b"VP8X", &moves)), Err(NoLogo::Animated));
        let packed = (119_u32 | (39 << 14)).to_le_bytes();
        let lossless = [&[0x2f][..], &packed].concat();
        assert_eq!(
            judge(&webp_of(b"VP8L", &lossless)),
            Ok((Kind::Webp, 120, 40))
        );
        let lossy = [0, 0, 0, 0x9d, 0x01, 0x2a, 120, 0, 40, 0];
        assert_eq!(judge(&webp_of(b"VP8 ", &lossy)), Ok((Kind::Webp, 120, 40)));
        for no in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
            b"GIF89a",
            b"\xff\xd8\xff",
            b"",
        ] {
            assert_eq!(judge(no), Err(NoLogo::NoPicture));
        }
        assert_eq!(judge(&vec![0; BYTES_MAX + 1]), Err(NoLogo::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, form in prop::sample::select(vec![*b"VP8X", *b"VP8L", *b"VP8 "])) {
            let _ = judge(&bytes);
            let _ = judge(&webp_of(&form, &bytes));
        }
    }
}
