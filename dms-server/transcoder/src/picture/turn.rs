//! How a picture has to be turned before it is shown.

/// A turn that a container asks for, in the order: transpose, then mirror.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Turn {
    /// The clockwise turn in degrees: 0, 90, 180 or 270.
    pub degrees: u16,
    mirrored: Mirror,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Mirror {
    #[default]
    None,
    Horizontal,
    Vertical,
    /// A quarter turn together with a mirror image.
    Transposed,
}

impl Turn {
    /// Reads a display matrix: nine numbers of 32 bits in this machine's byte order, the upper
    /// left four of them with 16 bits of fraction. A turn by something else than quarters is
    /// rounded to the nearest quarter.
    pub fn from_display_matrix(matrix: &[u8]) -> Self {
        let cell = |index: usize| {
            let bytes = matrix.get(index * 4..index * 4 + 4)?;
            Some(f64::from(i32::from_ne_bytes(bytes.try_into().ok()?)) / 65_536.0)
        };
        let (Some(a), Some(b), Some(c), Some(d)) = (cell(0), cell(1), cell(3), cell(4)) else {
            return Self::default();
        };
        if (a == 0.0 && b == 0.0) || (c == 0.0 && d == 0.0) {
            return Self::default();
        }
        let quarters = (b.atan2(a).to_degrees() / 90.0).round() as i32;
        let degrees = (quarters.rem_euclid(4) * 90) as u16;
        let mirrored = match (degrees, a * d - b * c < 0.0) {
            (_, false) => Mirror::None,
            (0, true) => Mirror::Vertical,
            (180, true) => Mirror::Horizontal,
            (_, true) => Mirror::Transposed,
        };
        Self { degrees, mirrored }
    }

    /// Width and height change places.
    pub fn swaps_sides(self) -> bool {
        self.degrees % 180 == 90
    }

    /// The filters that do it, joined by commas; empty when nothing is to be done.
    pub fn filters(self) -> &'static str {
        match (self.degrees, self.mirrored) {
            (0, Mirror::Vertical) => "vflip",
            (180, Mirror::Horizontal) => "hflip",
            (180, _) => "hflip,vflip",
            (90, Mirror::Transposed) => "transpose=cclock_flip",
            (90, _) => "transpose=clock",
            (270, Mirror::Transposed) => "transpose=clock_flip",
            (270, _) => "transpose=cclock",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(a: i32, b: i32, c: i32, d: i32) -> Turn {
        let cells = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30];
        let bytes: Vec<u8> = cells.into_iter().flat_map(i32::to_ne_bytes).collect();
        Turn::from_display_matrix(&bytes)
    }

    #[test]
    fn the_matrices_phones_write_are_understood() {
        assert_eq!(turn(1, 0, 0, 1).filters(), "");
        assert_eq!(turn(0, 1, -1, 0).filters(), "transpose=clock");
        assert_eq!(turn(-1, 0, 0, -1).filters(), "hflip,vflip");
        assert_eq!(turn(0, -1, 1, 0).filters(), "transpose=cclock");
        assert_eq!(turn(-1, 0, 0, 1).filters(), "hflip");
        assert_eq!(turn(1, 0, 0, -1).filters(), "vflip");
        assert_eq!(turn(0, 1, 1, 0).filters(), "transpose=cclock_flip");
        assert_eq!(turn(0, -1, -1, 0).filters(), "transpose=clock_flip");
        assert!(turn(0, 1, -1, 0).swaps_sides());
    }

    #[test]
    fn a_matrix_that_is_none_turns_nothing() {
        assert_eq!(turn(0, 0, 0, 0), Turn::default());
        assert_eq!(Turn::from_display_matrix(&[1, 2, 3]), Turn::default());
    }
}
