#!/usr/bin/env python3
"""crypto-channel.py > crypto-channel.json: answers of OpenSSL, by way of python3-cryptography, for
X25519, ChaCha20-Poly1305 with nonces as Noise has them, and HKDF-SHA256. The first rows of the first
and last are those of RFC 7748 section 6.1 and RFC 5869 appendix A, and are asserted."""
import hashlib
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def some(label, n):
    """n bytes that are the same each time"""
    return b"".join(hashlib.sha256(f"{label} {i}".encode()).digest() for i in range(n // 32 + 1))[:n]


def x25519(secret, key):
    own = X25519PrivateKey.from_private_bytes(secret)
    shared = own.exchange(X25519PublicKey.from_public_bytes(key))
    return {"secret": secret.hex(), "public": own.public_key().public_bytes_raw().hex(), "key": key.hex(), "shared": shared.hex()}


def seal(i, n, beside_n):
    key, number, beside, text = some(f"key {i}", 32), some(f"number {i}", 8), some(f"beside {i}", beside_n), some(f"text {i}", n)
    sealed = ChaCha20Poly1305(key).encrypt(bytes(4) + number, text, beside)
    return {"key": key.hex(), "number_le": number.hex(), "beside": beside.hex(), "text": text.hex(), "sealed": sealed.hex()}


def hkdf(salt, secret, info, n):
    out = HKDF(hashes.SHA256(), n, salt, info).derive(secret)
    return {"salt": salt.hex(), "secret": secret.hex(), "info": info.hex(), "out": out.hex()}


A = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
B = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
exchanges = [x25519(A, B)] + [x25519(some(f"secret {i}", 32), some(f"point {i}", 32)) for i in range(16)]
assert exchanges[0]["shared"] == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
keys = [
    hkdf(bytes(range(13)), b"\x0b" * 22, bytes(range(0xF0, 0xFA)), 42),
    hkdf(bytes(range(0x60, 0xB0)), bytes(range(0x50)), bytes(range(0xB0, 0x100)), 82),
    hkdf(b"", b"\x0b" * 22, b"", 42),
    hkdf(some("salt", 32), some("secret", 32), b"", 64),
    hkdf(some("salt", 64), b"", b"", 64),
    hkdf(some("salt", 65), some("secret", 200), b"info", 255),
]
assert keys[0]["out"].startswith("3cb25f25faacd57a90434f64d0362f2a")
assert keys[1]["out"].startswith("b11e398dc80327a1c8e7f78c596a4934")
assert keys[2]["out"].startswith("8da4e775a563c18f715f802a063c5a31")
sizes = [(0, 0), (0, 32), (1, 0), (15, 1), (16, 16), (17, 15), (63, 0), (64, 32), (65, 0), (114, 12), (265, 12), (1024, 0)]
print(json.dumps({"x25519": exchanges, "chacha20poly1305": [seal(i, *s) for i, s in enumerate(sizes)], "hkdf": keys}, indent=1))
