//! The header of a track: `ftyp` and `moov`.

use super::boxes::Boxes;

/// The transformation that changes nothing, as `tkhd` and `mvhd` spell it.
const IDENTITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// What a header says about H.264 video.
#[derive(Clone, Debug)]
pub struct VideoEntry<'a> {
    /// Picture width, pixels.
    pub width: u16,
    /// Picture height, pixels.
    pub height: u16,
    /// Ticks per second.
    pub timescale: u32,
    /// The sequence parameter set, without start code.
    pub sps: &'a [u8],
    /// The picture parameter set, without start code.
    pub pps: &'a [u8],
    /// Colour primaries, transfer and matrix as ISO/IEC 23091-2 numbers; 2 is unspecified.
    pub colour: [u8; 3],
    /// The delay in the segments' composition offsets, ticks.
    pub delay: u32,
}

/// What a header says about AAC sound.
#[derive(Clone, Debug)]
pub struct AudioEntry<'a> {
    /// Channels: 1 or 2.
    pub channels: u8,
    /// Samples per second; also the ticks per second.
    pub sample_rate: u32,
    /// Average bits per second.
    pub bit_rate: u32,
    /// ISO 639-2 language of three letters.
    pub language: &'a str,
}

/// The header of a video track. The profile bytes of `sps` must be there.
pub fn video_header(entry: &VideoEntry<'_>) -> Vec<u8> {
    let size = (entry.width, entry.height);
    header(entry.timescale, b"vide", "und", size, entry.delay, |b| {
        b.nest(b"avc1", |b| {
            b.zeros(6);
            b.u16(1);
            b.zeros(16);
            b.u16(entry.width);
            b.u16(entry.height);
            b.u32(72 << 16);
            b.u32(72 << 16);
            b.u32(0);
            b.u16(1);
            b.zeros(32);
            b.u16(24);
            b.u16(0xffff);
            b.nest(b"avcC", |b| avc_configuration(b, entry.sps, entry.pps));
            b.nest(b"pasp", |b| {
                b.u32(1);
                b.u32(1);
            });
            b.nest(b"colr", |b| {
                b.raw(b"nclx");
                entry.colour.iter().for_each(|&part| b.u16(u16::from(part)));
                b.u8(0);
            });
        });
    })
}

/// AVCDecoderConfigurationRecord of ISO/IEC 14496-15, for 8 bit 4:2:0 High profile.
fn avc_configuration(b: &mut Boxes, sps: &[u8], pps: &[u8]) {
    b.u8(1);
    b.raw(sps.get(1..4).unwrap_or(&[100, 0, 40]));
    b.u8(0xfc | 3);
    b.u8(0xe0 | 1);
    b.u16(sps.len() as u16);
    b.raw(sps);
    b.u8(1);
    b.u16(pps.len() as u16);
    b.raw(pps);
    if sps.get(1) == Some(&100) {
        b.raw(&[0xfc | 1, 0xf8, 0xf8, 0]);
    }
}

/// The header of an audio track.
pub fn audio_header(entry: &AudioEntry<'_>) -> Vec<u8> {
    header(entry.sample_rate, b"soun", entry.language, (0, 0), 0, |b| {
        b.nest(b"mp4a", |b| {
            b.zeros(6);
            b.u16(1);
            b.zeros(8);
            b.u16(u16::from(entry.channels));
            b.u16(16);
            b.u32(0);
            b.u32(entry.sample_rate << 16);
            b.full(b"esds", 0, 0, |b| elementary_stream(b, entry));
        });
    })
}

/// ES_Descriptor of ISO/IEC 14496-1 around an AudioSpecificConfig for AAC-LC.
fn elementary_stream(b: &mut Boxes, entry: &AudioEntry<'_>) {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let rate = RATES
        .iter()
        .position(|&rate| rate == entry.sample_rate)
        .unwrap_or(3) as u16;
    let config = (2 << 11 | rate << 7 | u16::from(entry.channels) << 3).to_be_bytes();
    b.raw(&[0x03, 25, 0, 0, 0]);
    b.raw(&[0x04, 17, 0x40, 0x15, 0, 0, 0]);
    b.u32(entry.bit_rate);
    b.u32(entry.bit_rate);
    b.raw(&[0x05, 2]);
    b.raw(&config);
    b.raw(&[0x06, 1, 2]);
}

fn header(
    timescale: u32,
    handler: &[u8; 4],
    language: &str,
    size: (u16, u16),
    delay: u32,
    sample_entry: impl FnOnce(&mut Boxes),
) -> Vec<u8> {
    let mut b = Boxes::default();
    b.nest(b"ftyp", |b| {
        b.raw(b"iso6");
        b.u32(0);
        [b"iso6", b"cmfc", b"mp41"]
            .into_iter()
            .for_each(|brand| b.raw(brand));
    });
    b.nest(b"moov", |b| {
        movie_header(b);
        b.nest(b"trak", |b| {
            track_header(b, handler, size);
            if delay > 0 {
                edit_list(b, delay);
            }
            b.nest(b"mdia", |b| {
                b.full(b"mdhd", 0, 0, |b| {
                    b.zeros(8);
                    b.u32(timescale);
                    b.u32(0);
                    b.u16(packed_language(language));
                    b.u16(0);
                });
                b.full(b"hdlr", 0, 0, |b| {
                    b.u32(0);
                    b.raw(handler);
                    b.zeros(12);
                    b.raw(if handler == b"vide" {
                        b"Video\0"
                    } else {
                        b"Sound\0"
                    });
                });
                media_information(b, handler, sample_entry);
            });
        });
        b.nest(b"mvex", |b| {
            b.full(b"trex", 0, 0, |b| {
                [1, 1, 0, 0, 0].into_iter().for_each(|v| b.u32(v))
            });
        });
    });
    b.into_bytes()
}

fn movie_header(b: &mut Boxes) {
    b.full(b"mvhd", 0, 0, |b| {
        b.zeros(8);
        b.u32(1_000);
        b.u32(0);
        b.u32(0x1_0000);
        b.u16(0x0100);
        b.zeros(10);
        IDENTITY.into_iter().for_each(|v| b.u32(v));
        b.zeros(24);
        b.u32(2);
    });
}

fn track_header(b: &mut Boxes, handler: &[u8; 4], (width, height): (u16, u16)) {
    b.full(b"tkhd", 0, 3, |b| {
        b.zeros(8);
        b.u32(1);
        b.zeros(4);
        b.u32(0);
        b.zeros(8);
        b.u16(0);
        b.u16(0);
        b.u16(if handler == b"soun" { 0x0100 } else { 0 });
        b.u16(0);
        IDENTITY.into_iter().for_each(|v| b.u32(v));
        b.u32(u32::from(width) << 16);
        b.u32(u32::from(height) << 16);
    });
}

/// One edit: the presentation starts at this media time and goes on to the end.
fn edit_list(b: &mut Boxes, media_time: u32) {
    b.nest(b"edts", |b| {
        b.full(b"elst", 0, 0, |b| {
            b.u32(1);
            b.u32(0);
            b.u32(media_time);
            b.u32(0x1_0000);
        });
    });
}

fn media_information(b: &mut Boxes, handler: &[u8; 4], sample_entry: impl FnOnce(&mut Boxes)) {
    b.nest(b"minf", |b| {
        if handler == b"vide" {
            b.full(b"vmhd", 0, 1, |b| b.zeros(8));
        } else {
            b.full(b"smhd", 0, 0, |b| b.zeros(4));
        }
        b.nest(b"dinf", |b| {
            b.full(b"dref", 0, 0, |b| {
                b.u32(1);
                b.full(b"url ", 0, 1, |_| ());
            });
        });
        b.nest(b"stbl", |b| {
            b.full(b"stsd", 0, 0, |b| {
                b.u32(1);
                sample_entry(b);
            });
            b.full(b"stts", 0, 0, |b| b.u32(0));
            b.full(b"stsc", 0, 0, |b| b.u32(0));
            b.full(b"stsz", 0, 0, |b| b.zeros(8));
            b.full(b"stco", 0, 0, |b| b.u32(0));
        });
    });
}

/// Three letters in fifteen bits; anything else is `und`.
fn packed_language(language: &str) -> u16 {
    let letters = language.as_bytes();
    let letters = if letters.len() == 3 && letters.iter().all(u8::is_ascii_lowercase) {
        letters
    } else {
        b"und"
    };
    letters
        .iter()
        .fold(0, |packed, &letter| packed << 5 | u16::from(letter - 0x60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_packed_as_the_standard_says() {
        assert_eq!(packed_language("und"), 0x55c4);
        assert_eq!(packed_language("eng"), 0x15c7);
        assert_eq!(packed_language("english"), 0x55c4);
        assert_eq!(packed_language("ENG"), 0x55c4);
    }
}
