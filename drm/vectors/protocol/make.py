"""Makes protocol.json: what docs/PROTOCOL.md sections 4 and 6 say, written a second time.

Nothing here is shared with the Rust code; only the page is. Needs Python 3 and `cryptography`:
    python3 make.py > protocol.json
Every run draws new keys, so the file changes; the test that opens it does not.
"""

import hashlib
import hmac
import json
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def cbor(value):
    """Deterministic CBOR of None-free Python values."""

    def head(major, n):
        for info, size in ((None, 0), (24, 1), (25, 2), (26, 4), (27, 8)):
            if info is None and n < 24:
                return bytes([major << 5 | n])
            if info is not None and n < 1 << (8 * size):
                return bytes([major << 5 | info]) + n.to_bytes(size, "big")
        raise ValueError(n)

    if isinstance(value, bool):
        return bytes([0xF5 if value else 0xF4])
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    items = sorted((cbor(k), cbor(v)) for k, v in value.items())
    return head(5, len(items)) + b"".join(k + v for k, v in items)


def expand384(key, info, length):
    return hmac.new(key, info + b"\x01", hashlib.sha384).digest()[:length]


def floe_seal(key, aad, plaintext, segment_len):
    params = bytes([0, 0]) + segment_len.to_bytes(4, "big") + (32).to_bytes(4, "big")
    iv = os.urandom(32)
    kdf = lambda key, purpose, length: expand384(key, params + iv + purpose + aad, length)
    message_key = kdf(key, b"MESSAGE_KEY:", 48)
    out = params + iv + kdf(key, b"HEADER_TAG:", 32)
    size = segment_len - 32
    pieces = [plaintext[i : i + size] for i in range(0, len(plaintext), size)] or [b""]
    for position, piece in enumerate(pieces):
        last = position == len(pieces) - 1
        epoch = position >> 20 << 20
        dek = kdf(message_key, b"DEK:" + epoch.to_bytes(8, "big"), 32)
        nonce = os.urandom(12)
        sealed = AESGCM(dek).encrypt(nonce, piece, position.to_bytes(8, "big") + bytes([last]))
        length = len(piece) + 32 if last else 0xFFFFFFFF
        out += length.to_bytes(4, "big") + nonce + sealed
    return out


def hpke_seal(recipient_public, info, plaintext):
    """RFC 9180 base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, empty AAD."""
    mac = lambda key, data: hmac.new(key, data, hashlib.sha256).digest()
    ephemeral = X25519PrivateKey.generate()
    enc = ephemeral.public_key().public_bytes(*RAW)
    dh = ephemeral.exchange(recipient_public)
    kem = b"KEM\x00\x20"
    prk = mac(b"", b"HPKE-v1" + kem + b"eae_prk" + dh)
    context = enc + recipient_public.public_bytes(*RAW)
    shared = mac(prk, b"\x00\x20HPKE-v1" + kem + b"shared_secret" + context + b"\x01")
    suite = b"HPKE\x00\x20\x00\x01\x00\x02"
    extract = lambda salt, label, ikm: mac(salt, b"HPKE-v1" + suite + label + ikm)
    schedule = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    expand = lambda label, n: mac(
        secret, n.to_bytes(2, "big") + b"HPKE-v1" + suite + label + schedule + b"\x01"
    )[:n]
    return enc, AESGCM(expand(b"key", 32)).encrypt(expand(b"base_nonce", 12), plaintext, b"")


def cose_sign1(signer, content_type, external_aad, payload):
    kid = hashlib.sha256(signer.public_key().public_bytes(*RAW)).digest()[:8]
    protected = cbor({1: -8, 3: content_type, 4: kid})
    signature = signer.sign(cbor(["Signature1", protected, external_aad, payload]))
    return cbor([protected, {}, payload, signature])


def main():
    tenant, title, version, device = "Acme \u00e9tude", os.urandom(16), 300, os.urandom(16)
    kek, title_key, license_id = os.urandom(32), os.urandom(32), os.urandom(16)
    tracks = {t: expand384(title_key, b"dms track v1" + t.to_bytes(2, "big"), 32) for t in (1, 258)}
    segment = os.urandom(1000)
    recipient, signer = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    info = cbor(["dms license v1", license_id, tenant, title, version, device])
    enc, sealed = hpke_seal(recipient.public_key(), info, cbor(tracks))
    hashed = hashlib.sha256(recipient.public_key().public_bytes(*RAW)).digest()
    times = [1_800_000_000_000, 1_799_999_000_000, 1_800_100_000_000, 1_800_050_000_000]
    claims = [1, license_id, tenant, title, version, device, "ada", hashed, *times, True, [1, 258], enc, sealed]
    license_bytes = cose_sign1(
        signer, "application/dms-license+cbor", b"dms license v1", cbor(dict(enumerate(claims)))
    )
    wrap_aad = cbor(["dms title key v1", tenant, title, version])
    segment_aad = cbor([1, tenant, title, version, 258, 70000])
    fields = {
        "kek": kek,
        "wrapped_title_key": floe_seal(kek, wrap_aad, title_key, 64),
        "title": title,
        "device": device,
        "license_id": license_id,
        "segment_258_70000": floe_seal(tracks[258], segment_aad, segment, (1 << 20) - 74),
        "segment_plaintext": segment,
        "recipient_private": recipient.private_bytes_raw(),
        "verifying_key": signer.public_key().public_bytes(*RAW),
        "license": license_bytes,
    }
    fields = {name: value.hex() for name, value in fields.items()}
    print(json.dumps({"tenant": tenant, "version": version, "subject": "ada", "times": times, **fields}, indent=1))


main()
