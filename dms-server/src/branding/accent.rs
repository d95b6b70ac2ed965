//! The accent colour: how it stands out, and the nearest colour that stands out enough. Pure.
//!
//! Contrast is that of WCAG 2.2. A mark needs 3:1 to what is around it, in the light and in the dark look, and no colour
//! has 4.5:1 to both: what is read is therefore drawn in two colours that are taken from the accent.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The background of the light look.
const WHITE: Colour = Colour([0xff, 0xff, 0xff]);
/// The darkest background of the light look that text stands on.
const LIGHT: Colour = Colour([0xf5, 0xf6, 0xf8]);
/// The lightest background of the dark look that text stands on.
const DARK: Colour = Colour([0x1b, 0x20, 0x2b]);

/// What a mark needs.
const MARK: f64 = 3.0;
/// What text needs.
const TEXT: f64 = 4.5;

/// Steps of lightness in which a nearer colour is looked for.
const STEPS: i32 = 1_000;

/// A colour as screens have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Reads `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let bytes = hex::decode(digits).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast of two colours, 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Hue in sixths of a turn, saturation and lightness from 0 to 1.
    fn hsl(self) -> (f64, f64, f64) {
        let [red, green, blue] = self.0.map(|byte| f64::from(byte) / 255.0);
        let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
        let (lightness, chroma) = (f64::midpoint(most, least), most - least);
        if chroma == 0.0 {
            return (0.0, 0.0, lightness);
        }
        let hue = if most == red {
            (green - blue) / chroma
        } else if most == green {
            (blue - red) / chroma + 2.0
        } else {
            (red - green) / chroma + 4.0
        };
        let saturation = chroma / (1.0 - (2.0 * lightness - 1.0).abs());
        (hue.rem_euclid(6.0), saturation, lightness)
    }

    fn of_hsl(hue: f64, saturation: f64, lightness: f64) -> Self {
        let chroma = (1.0 - (2.0 * lightness - 1.0).abs()) * saturation;
        let channel = |turn: f64| {
            let place = (hue + turn).rem_euclid(6.0);
            let share = (2.0 - (place - 3.0).abs()).clamp(0.0, 1.0);
            let value = lightness - chroma / 2.0 + chroma * (1.0 - share);
            (value * 255.0).round().clamp(0.0, 255.0) as u8
        };
        Self([channel(0.0), channel(4.0), channel(2.0)])
    }

    /// The colour of the same hue whose lightness is nearest and that fits; itself when it does.
    fn nearest(self, fits: impl Fn(Self) -> bool) -> Self {
        if fits(self) {
            return self;
        }
        let (hue, saturation, lightness) = self.hsl();
        for step in 1..=STEPS {
            let away = f64::from(step) / f64::from(STEPS);
            let both = [lightness - away, lightness + away];
            let within = both.into_iter().filter(|at| (0.0..=1.0).contains(at));
            let mut found = within.map(|at| Self::of_hsl(hue, saturation, at));
            if let Some(found) = found.find(|colour| fits(*colour)) {
                return found;
            }
        }
        self
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

/// How a colour stands out as a mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Judged {
    /// Its contrast to white; a mark needs 3.
    pub on_white: f64,
    /// Its contrast to the background of the dark look; a mark needs 3.
    pub on_dark: f64,
    /// Whether both suffice.
    pub passes: bool,
    /// The nearest colour that passes; itself when it does.
    pub nearest: String,
    /// What text and links are drawn with in the light look.
    pub text_light: String,
    /// What text and links are drawn with in the dark look.
    pub text_dark: String,
    /// What stands behind white text on buttons.
    pub solid: String,
    /// The same under the pointer.
    pub solid_hover: String,
}

/// Judges a colour.
#[must_use]
pub fn judge(colour: Colour) -> Judged {
    let marks = |colour: Colour| colour.contrast(WHITE) >= MARK && colour.contrast(DARK) >= MARK;
    let solid = colour.nearest(|colour| colour.contrast(WHITE) >= TEXT);
    let (hue, saturation, lightness) = solid.hsl();
    let hover = Colour::of_hsl(hue, saturation, (lightness - 0.06).max(0.0));
    let rounded = |contrast: f64| (contrast * 100.0).floor() / 100.0;
    Judged {
        on_white: rounded(colour.contrast(WHITE)),
        on_dark: rounded(colour.contrast(DARK)),
        passes: marks(colour),
        nearest: colour.nearest(marks).to_string(),
        text_light: colour
            .nearest(|colour| colour.contrast(LIGHT) >= TEXT)
            .to_string(),
        text_dark: colour
            .nearest(|colour| colour.contrast(DARK) >= TEXT)
            .to_string(),
        solid: solid.to_string(),
        solid_hover: hover.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).expect("a colour")
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((colour("#000000").contrast(WHITE) - 21.0).abs() < 1e-9);
        assert!((colour("#777777").contrast(WHITE) - 4.48).abs() < 0.01);
        assert!((WHITE.contrast(WHITE) - 1.0).abs() < 1e-9);
        for wrong in ["", "#fff", "123456", "#12345g", "#1234567", "red"] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_colour_that_is_too_light_or_too_dark_gets_a_neighbour() {
        let yellow = judge(colour("#ffee00"));
        assert!(!yellow.passes && yellow.on_white < 1.3, "{yellow:?}");
        let navy = judge(colour("#000033"));
        assert!(!navy.passes && navy.on_dark < 1.5, "{navy:?}");
        let blue = judge(colour("#2775b5"));
        assert!(blue.passes && blue.nearest == "#2775b5", "{blue:?}");
    }

    proptest! {
        #[test]
        fn what_is_offered_passes(bytes: [u8; 3]) {
            let judged = judge(Colour(bytes));
            let nearest = colour(&judged.nearest);
            prop_assert!(judge(nearest).passes, "{judged:?}");
            prop_assert_eq!(judge(nearest).nearest, judged.nearest);
            prop_assert!(colour(&judged.text_light).contrast(LIGHT) >= TEXT);
            prop_assert!(colour(&judged.text_dark).contrast(DARK) >= TEXT);
            prop_assert!(colour(&judged.solid).contrast(WHITE) >= TEXT);
            prop_assert!(colour(&judged.solid_hover).contrast(WHITE) >= TEXT - 0.01);
        }
    }
}
