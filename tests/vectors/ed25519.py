#!/usr/bin/env python3
"""Writes ed25519-negative.json: keys and signatures that a lax verifier takes and ours must not.
The curve is written out here from RFC 8032, so that nothing of what is tested made them. Every
row marked lax satisfies the group equation; run it again after changing it."""
import hashlib
import json
import pathlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    """The x of a point, or None when there is none; sign is ignored for x = 0, as lax decoders do."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square:
        return None
    return P - x if x != 0 and x % 2 != sign else x


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P)


def times(n, a):
    r = ZERO
    while n:
        if n & 1:
            r = add(r, a)
        a = add(a, a)
        n >>= 1
    return r


def minus(a):
    return (-a[0] % P, a[1])


def encode(a):
    return (a[1] | (a[0] & 1) << 255).to_bytes(32, "little")


def number(b):
    return int.from_bytes(b, "little")


def challenge(r, key, message):
    return number(hashlib.sha512(r + key + message).digest()) % L


ZERO = (0, 1)
BASE_Y = 4 * pow(5, -1, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y)
SECRET, NONCE = 0x1234567890ABCDEF**3 % L, 0xFEDCBA0987654321**3 % L
KEY, R = times(SECRET, BASE), times(NONCE, BASE)

# The 8 points of small order: multiples of one of order 8, which is L times a point with a tail.
TAIL = next(t for y in range(2, 100) if (x := x_of(y, 0)) is not None
            if times(4, t := times(L, (x, y))) != ZERO)
SMALL = [times(i, TAIL) for i in range(8)]
assert len(set(SMALL)) == 8 and times(8, TAIL) == ZERO and times(L, BASE) == ZERO

rows = []


def row(what, err, key, message, r, s, lax):
    """lax: the equation holds without (1) or only with (8) the cofactor; 0: not at all."""
    rows.append({"what": what, "err": err, "lax": lax, "key": key.hex(), "message": message.hex(),
                 "signature": (r + s.to_bytes(32, "little")).hex()})


def messages():
    i = 0
    while True:
        yield b"message %d" % i
        i += 1


def small_encodings():
    for a in SMALL:
        yield "canonical", a, encode(a)
    for y in (1, P - 1):
        yield "wrong sign of x = 0", (0, y), (y | 1 << 255).to_bytes(32, "little")
    for y in (0, 1):
        for sign in (0, 1):
            yield "y >= p", (x_of(y, sign), y), (y + P | sign << 255).to_bytes(32, "little")


# Keys of small order: a signature that needs no secret.
for how, a, key in small_encodings():
    for m in messages():
        r = next((t for t in SMALL if t == minus(times(challenge(encode(t), key, m) % 8, a))), None)
        if r is not None:
            row(f"key of small order, {how}, S = 0", "KEY", key, m, encode(r), 0, 1)
            break
    # The same with an R of large order, so that nothing but the key is wrong.
    for m in messages():
        if times(challenge(encode(R), key, m) % 8, a) == ZERO:
            row(f"key of small order, {how}, good R", "KEY", key, m, encode(R), NONCE, 1)
            break

# Keys with a tail of small order.
for i in range(1, 8):
    mixed = encode(add(KEY, SMALL[i]))
    for m in messages():
        h = challenge(encode(R), mixed, m)
        if times(h % 8, SMALL[i]) == ZERO:
            row(f"key of mixed order, tail {i}", "KEY", mixed, m, encode(R), (NONCE + h * SECRET) % L, 1)
            break

# Keys with y >= p, and keys that are no point.
for y in range(19):
    for sign in (0, 1):
        on_curve = x_of(y, sign) is not None
        row(f"key with y = p + {y}, {'on' if on_curve else 'not on'} the curve", "KEY",
            (y + P | sign << 255).to_bytes(32, "little"), b"x", encode(R), NONCE, 0)
for y in range(2, 40):
    if x_of(y, 0) is None:
        row(f"key y = {y} is not on the curve", "KEY", y.to_bytes(32, "little"), b"x", encode(R), NONCE, 0)
row("key of ones", "KEY", b"\xff" * 32, b"x", encode(R), NONCE, 0)

# A good key, and R that is not.
key, m = encode(KEY), b"a message"
for how, a, r in small_encodings():
    s = challenge(r, key, m) * SECRET % L
    row(f"R of small order, {how}", "SIGNATURE", key, m, r, s, 1 if a == ZERO else 8)
for i in range(1, 8):
    r = encode(add(R, SMALL[i]))
    row(f"R of mixed order, tail {i}", "SIGNATURE", key, m, r, (NONCE + challenge(r, key, m) * SECRET) % L, 8)
for y in range(19):
    row(f"R with y = p + {y}", "SIGNATURE", key, m, (y + P).to_bytes(32, "little"), NONCE, 0)

# S beyond the group order.
good = (NONCE + challenge(encode(R), key, m) * SECRET) % L
for k in range(1, 16):
    if good + k * L < 2**256:
        row(f"S + {k} L", "SIGNATURE", key, m, encode(R), good + k * L, 1)
row("S = L", "SIGNATURE", key, m, encode(R), L, 0)
row("S of ones", "SIGNATURE", key, m, encode(R), 2**256 - 1, 0)
for bit in (253, 254, 255):
    row(f"S with bit {bit}", "SIGNATURE", key, m, encode(R), good | 1 << bit, 0)

row("good, for comparison", "OK", key, m, encode(R), good, 1)
for e in rows:
    a, r = bytes.fromhex(e["key"]), bytes.fromhex(e["signature"])[:32]
    if e["lax"]:
        points = []
        for b in (a, r):
            y, sign = number(b) % 2**255 % P, number(b) >> 255
            points.append((x_of(y, sign), y))
        h = challenge(r, a, bytes.fromhex(e["message"]))
        left = times(number(bytes.fromhex(e["signature"])[32:]), BASE)
        right = add(points[1], times(h, points[0]))
        assert times(e["lax"], left) == times(e["lax"], right), e["what"]
        assert e["lax"] == 1 or left != right, e["what"]

path = pathlib.Path(__file__).with_name("ed25519-negative.json")
path.write_text(json.dumps(rows, indent=1) + "\n")
print(len(rows), "rows")
