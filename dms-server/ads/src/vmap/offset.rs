//! Places in a title as VMAP spells them.

/// A place in a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the first picture.
    Start,
    /// Behind the last.
    End,
    /// Media time, milliseconds.
    At(u64),
    /// Thousandths of a percent of the playing time.
    Share(u32),
}

/// All of the playing time, in thousandths of a percent.
const WHOLE: u32 = 100_000;

impl Position {
    /// Reads a `timeOffset`.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "start" => return Ok(Self::Start),
            "end" => return Ok(Self::End),
            _ if text.starts_with('#') => {
                return Err(
                    "positions count the breaks that a player finds; titles here have none of their own. Give a time",
                );
            }
            _ => {}
        }
        match text.strip_suffix('%') {
            Some(share) => percent(share).ok_or("give 0% to 100%"),
            None => clock(text)
                .map(Self::At)
                .ok_or("give start, end, hh:mm:ss.mmm or n%"),
        }
    }

    /// Media time, milliseconds; none where that depends on a playing time that is not known.
    #[must_use]
    pub fn ms(self, duration_ms: Option<u64>) -> Option<u64> {
        match self {
            Self::Start => Some(0),
            Self::At(ms) => Some(ms),
            Self::End => duration_ms,
            Self::Share(share) => {
                let of = u128::from(duration_ms?) * u128::from(share) / u128::from(WHOLE);
                u64::try_from(of).ok()
            }
        }
    }
}

fn percent(text: &str) -> Option<Position> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || part.len() > 9 || !digits(whole) || !digits(part) {
        return None;
    }
    let thousandths: String = part.chars().chain("000".chars()).take(3).collect();
    let whole: u32 = whole.parse().ok()?;
    let share = whole
        .checked_mul(1000)?
        .checked_add(thousandths.parse().ok()?)?;
    (share <= WHOLE).then_some(Position::Share(share))
}

/// `hh:mm:ss` or `hh:mm:ss.mmm` as milliseconds.
pub(super) fn clock(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let mut fields = whole.split(':');
    let (hours, minutes, seconds) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || part.is_empty() || part.len() > 3 || !digits(part) {
        return None;
    }
    let two = |field: &str| {
        let fits = (1..=2).contains(&field.len()) && digits(field);
        fits.then(|| field.parse::<u64>().ok()).flatten()
    };
    let (minutes, seconds) = (two(minutes)?, two(seconds)?);
    if hours.is_empty() || hours.len() > 4 || !digits(hours) || minutes > 59 || seconds > 59 {
        return None;
    }
    let hours: u64 = hours.parse().ok()?;
    let millis: String = part.chars().chain("00".chars()).take(3).collect();
    let millis: u64 = millis.parse().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis)
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
