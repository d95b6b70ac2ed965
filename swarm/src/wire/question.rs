//! What a player asks the DMS through its agent, over the connection that the agent has anyway: when an embargo ends, a
//! thousand players need no new connection each.

use minicbor::{CborLen, Decode, Encode};

/// The longest body of a question, bytes.
pub const MAX_QUESTION: usize = 16 << 10;

/// The longest body of an answer, bytes.
pub const MAX_ANSWER: usize = 256 << 10;

/// The longest media type of an answer, bytes.
const MAX_MEDIA_TYPE: usize = 64;

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
pub enum Question {
    /// A licence; the body is what `POST /v1/license` takes.
    #[n(0)]
    #[cbor(map)]
    License(
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        Vec<u8>,
    ),
    /// Whether the licence of this id holds, as `GET /v1/licenses/{license}` says.
    #[n(1)]
    #[cbor(map)]
    Standing(
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        [u8; 16],
    ),
}

/// A question and its number.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Asked {
    /// Echoed in the answer.
    #[n(0)]
    pub request: u32,
    /// What is asked.
    #[n(1)]
    pub question: Question,
}

/// The answer, as HTTP would have given it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Answered {
    /// The question's number.
    #[n(0)]
    pub request: u32,
    /// The HTTP status.
    #[n(1)]
    pub status: u16,
    /// The body's media type.
    #[n(2)]
    pub media_type: String,
    /// The body.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

impl Asked {
    /// Whether it is within the maxima.
    pub(super) fn fits(&self) -> bool {
        match &self.question {
            Question::License(body) => body.len() <= MAX_QUESTION,
            Question::Standing(_) => true,
        }
    }
}

impl Answered {
    /// Whether it is within the maxima.
    pub(super) fn fits(&self) -> bool {
        self.body.len() <= MAX_ANSWER && self.media_type.len() <= MAX_MEDIA_TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ToDms, ToPeer, WireError};
    use super::*;

    #[test]
    fn what_is_longer_than_allowed_is_refused() {
        for (len, fits) in [(MAX_QUESTION, true), (MAX_QUESTION + 1, false)] {
            let question = Question::License(vec![7; len]);
            let asked = ToDms::Ask(Asked {
                request: 1,
                question,
            });
            let read = ToDms::decode(&asked.encode());
            let want = if fits {
                Ok(asked)
            } else {
                Err(WireError::TooMany)
            };
            assert_eq!(read, want);
        }
        let answered = |body: usize, media_type: usize| Answered {
            request: 1,
            status: 200,
            media_type: "a".repeat(media_type),
            body: vec![7; body],
        };
        for (body, media_type, fits) in [
            (MAX_ANSWER, MAX_MEDIA_TYPE, true),
            (MAX_ANSWER + 1, 0, false),
            (0, MAX_MEDIA_TYPE + 1, false),
        ] {
            let answer = ToPeer::Answer(answered(body, media_type));
            assert_eq!(ToPeer::decode(&answer.encode()).is_ok(), fits);
        }
    }

    #[test]
    fn a_question_costs_few_bytes_beside_its_body() {
        let question = Question::License(vec![b'x'; 200]);
        let asked = ToDms::Ask(Asked {
            request: 1,
            question,
        });
        assert!(asked.encode().len() < 220);
    }
}
