#!/usr/bin/env python3
"""peer-keys.py > peer-keys.json: signatures by peers' keys of every type, made by OpenSSL by way of
python3-cryptography, and keys and signatures that are to be refused. ECDSA and RSA keys are new each time."""
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MESSAGE = b"noise-libp2p-static-key:" + bytes(range(32))


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def row(what, kind, data, signature, good=True):
    key = bytes([8, kind, 18]) + varint(len(data)) + data
    return {"what": what, "type": kind, "key": key.hex(), "message": MESSAGE.hex(), "signature": signature.hex(), "good": good}


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def of_rsa(bits, hash_):
    key = rsa.generate_private_key(65537, bits)
    return spki(key), key.sign(MESSAGE, padding.PKCS1v15(), hash_)


def of_ec(curve):
    key = ec.generate_private_key(curve)
    return key, key.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def integer(n, padding=b""):
    """As DER has it, behind padding."""
    content = padding + n.to_bytes(n.bit_length() // 8 + 1, "big")
    return bytes([2, len(content)]) + content


def sequence(r, s, tail=b""):
    return bytes([48, len(r + s + tail)]) + r + s + tail


own = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
k1, k1_signature = of_ec(ec.SECP256K1())
p256, p256_signature = of_ec(ec.SECP256R1())
p384, p384_signature = of_ec(ec.SECP384R1())
p256_r, p256_s = decode_dss_signature(p256_signature)
p256_low, p256_high = sorted((p256_s, ORDER - p256_s))
# The same number in two bytes of length, and without the zero that says it is not negative.
p256_long = bytes([48, 0x81]) + p256_signature[1:]
while True:  # a number whose first byte is below 0x80 would be right without it
    negative_key, negative_signature = of_ec(ec.SECP256R1())
    negative_r, negative_s = decode_dss_signature(negative_signature)
    if negative_r >> 255:
        break
negative = bytes([2, 32]) + negative_r.to_bytes(32, "big")
off_curve = spki(p256)[:-1] + bytes([spki(p256)[-1] ^ 1])
ed = own.public_key().public_bytes_raw()
k1_point = k1.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
rows = [
    row("Ed25519", 1, ed, own.sign(MESSAGE)),
    row("secp256k1", 2, k1_point, k1_signature),
    row("ECDSA on P-256", 3, spki(p256), p256_signature),
    row("RSA of 2048 bits", 0, *of_rsa(2048, hashes.SHA256())),
    row("RSA of 3072 bits", 0, *of_rsa(3072, hashes.SHA256())),
    row("RSA of 1024 bits", 0, *of_rsa(1024, hashes.SHA256()), False),
    row("RSA over SHA-1", 0, *of_rsa(2048, hashes.SHA1()), False),
    row("ECDSA on P-384", 3, spki(p384), p384_signature, False),
    row("ECDSA on secp256k1", 3, spki(k1), k1_signature, False),
    row("RSA called ECDSA", 3, *of_rsa(2048, hashes.SHA256()), False),
    row("ECDSA called RSA", 0, spki(p256), p256_signature, False),
    row("bytes after the key", 3, spki(p256) + b"\0", p256_signature, False),
    row("bytes after the signature", 3, spki(p256), p256_signature + b"\0", False),
    row("no DER", 3, b"\4" * 91, p256_signature, False),
    row("the lower S", 3, spki(p256), sequence(integer(p256_r), integer(p256_low))),
    row("the higher S", 3, spki(p256), sequence(integer(p256_r), integer(p256_high))),
    row("a zero before R", 3, spki(p256), sequence(integer(p256_r, b"\0"), integer(p256_s)), False),
    row("a zero before S", 3, spki(p256), sequence(integer(p256_r), integer(p256_s, b"\0")), False),
    row("R without its zero", 3, spki(negative_key), sequence(negative, integer(negative_s)), False),
    row("no R", 3, spki(p256), sequence(b"\2\0", integer(p256_s)), False),
    row("a longer length", 3, spki(p256), p256_long, False),
    row("three numbers", 3, spki(p256), sequence(integer(p256_r), integer(p256_s), integer(1)), False),
    row("R is 0", 3, spki(p256), sequence(integer(0), integer(p256_s)), False),
    row("S is 0", 3, spki(p256), sequence(integer(p256_r), integer(0)), False),
    row("R is the order", 3, spki(p256), sequence(integer(ORDER), integer(p256_s)), False),
    row("S beyond the order", 3, spki(p256), sequence(integer(p256_r), integer(p256_s + ORDER)), False),
    row("a point off the curve", 3, off_curve, p256_signature, False),
]
print(json.dumps(rows, indent=1))
