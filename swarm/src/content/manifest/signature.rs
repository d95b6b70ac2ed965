//! The envelope around a manifest: COSE_Sign1 with Ed25519.
//!
//! There is exactly one way to write an envelope (PROTOCOL.md section 4), so the reader rebuilds it
//! from its parts and compares. A parser difference cannot hide anything in it.

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, iana};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::{Manifest, ManifestError, VerifiedManifest, limits};
use crate::{content::TitleId, wire::MAX_MANIFEST_LEN};

const CONTENT_TYPE: &str = "application/dms-manifest+cbor";
const AAD: &[u8] = b"dms manifest v1";
const KID_LEN: usize = 8;
const SIGNATURE_LEN: usize = 64;

/// What the reader knows before it reads a manifest.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The reader's company.
    pub tenant: &'a str,
    /// The title that was asked for.
    pub title: TitleId,
    /// The highest version seen of this title, or the one the DMS names as newest; 0 when
    /// nothing is known.
    pub min_version: u64,
}

impl Manifest {
    /// The signed manifest, ready to be stored and shared.
    ///
    /// Signing checks nothing: [`Manifest::check`] first, or readers refuse the result.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let envelope = CoseSign1Builder::new()
            .protected(protected(&key.verifying_key()))
            .payload(self.encode())
            .create_signature(AAD, |message| key.sign(message).to_vec())
            .build();
        let written = envelope.to_vec();
        debug_assert!(written.is_ok(), "bytes and integers always encode");
        written.unwrap_or_default()
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(minicbor::len(self));
        let written = minicbor::encode(self, &mut out);
        debug_assert!(written.is_ok(), "a Vec takes every byte");
        out
    }
}

impl VerifiedManifest {
    /// Reads a signed manifest and checks everything that can be checked without its chunks.
    /// `now_ms` is milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`ManifestError`]; nothing of a refused manifest may be used.
    pub fn verify(
        bytes: &[u8],
        trusted: &[VerifyingKey],
        expect: &Expect<'_>,
        now_ms: u64,
    ) -> Result<Self, ManifestError> {
        let payload = open(bytes, trusted)?;
        let manifest = decode(payload)?;
        limits::expected(&manifest, expect, now_ms)?;
        manifest.check()?;
        Ok(Self { manifest })
    }
}

/// The payload of an envelope that one of `trusted` signed. No CBOR value is built before the
/// signature holds.
fn open<'a>(bytes: &'a [u8], trusted: &[VerifyingKey]) -> Result<&'a [u8], ManifestError> {
    if bytes.len() > MAX_MANIFEST_LEN {
        return Err(ManifestError::Malformed("it is longer than allowed"));
    }
    let parts = Parts::peel(bytes)
        .map_err(|_| ManifestError::Malformed("not a COSE_Sign1 of four parts"))?;
    let signature: [u8; SIGNATURE_LEN] = parts
        .signature
        .try_into()
        .map_err(|_| ManifestError::Malformed("the signature is not 64 bytes long"))?;
    let signature = Signature::from_bytes(&signature);
    for key in trusted {
        let envelope = CoseSign1Builder::new()
            .protected(protected(key))
            .payload(parts.payload.to_vec())
            .signature(parts.signature.to_vec())
            .build();
        if !names_key(parts.protected, &envelope) {
            continue;
        }
        let message = envelope.tbs_data(AAD);
        if key.verify_strict(&message, &signature).is_err() {
            continue;
        }
        return match envelope.to_vec() {
            Ok(again) if again == bytes => Ok(parts.payload),
            _ => Err(ManifestError::Malformed(
                "the envelope is not in its shortest form",
            )),
        };
    }
    Err(ManifestError::Untrusted)
}

fn names_key(protected: &[u8], envelope: &CoseSign1) -> bool {
    envelope
        .protected
        .header
        .clone()
        .to_vec()
        .is_ok_and(|own| own == protected)
}

fn protected(key: &VerifyingKey) -> Header {
    let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    HeaderBuilder::new()
        .algorithm(iana::Algorithm::EdDSA)
        .content_type(CONTENT_TYPE.to_owned())
        .key_id(digest.iter().copied().take(KID_LEN).collect())
        .build()
}

/// The four parts of an envelope, borrowed: a hostile one costs no memory.
struct Parts<'a> {
    protected: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn peel(bytes: &'a [u8]) -> Result<Self, minicbor::decode::Error> {
        let shape = |ok: bool, what: &'static str| {
            if ok {
                Ok(())
            } else {
                Err(minicbor::decode::Error::message(what))
            }
        };
        let mut d = minicbor::Decoder::new(bytes);
        shape(d.array()? == Some(4), "array of four")?;
        let protected = d.bytes()?;
        shape(d.map()? == Some(0), "empty unprotected header")?;
        let payload = d.bytes()?;
        let signature = d.bytes()?;
        shape(d.position() == bytes.len(), "no trailing bytes")?;
        Ok(Self {
            protected,
            payload,
            signature,
        })
    }
}

/// Reads the payload and refuses every spelling but the one [`Manifest::encode`] writes, so that
/// unknown fields, doubled keys and long forms cannot ride along.
fn decode(payload: &[u8]) -> Result<Manifest, ManifestError> {
    let mut decoder = minicbor::Decoder::new(payload);
    let manifest: Manifest = decoder
        .decode()
        .map_err(|_| ManifestError::Malformed("the payload is not a manifest"))?;
    if manifest.encode() != payload {
        return Err(ManifestError::Malformed(
            "the payload is not in its one deterministic form",
        ));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests;
