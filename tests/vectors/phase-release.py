#!/usr/bin/env python3
"""Writes phase-release.json: releases and policies signed by another implementation (Python's
cryptography), with the verdicts that they must get. Run it again after changing it."""
import copy
import json
import pathlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

L = 2**252 + 27742317777372353535851937790883648493
RELEASE, POLICY = b"phase-boot-manifest-v1\n", b"phase-policy-v1\n"
NOW = "2026-11-21T02:00:00Z"
keys = {n: Ed25519PrivateKey.from_private_bytes(bytes([i + 1]) * 32) for i, n in enumerate("abcdefgh")}
ids = {
    n: k.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    for n, k in keys.items()
}


def canonical(doc):
    rest = {k: v for k, v in doc.items() if k != "signatures"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def entry(name, message, **other):
    e = {"algorithm": "ed25519", "key_id": ids[name], "signature": keys[name].sign(message).hex(),
         "signed_at": "2026-11-20T00:00:01Z"}
    e.update(other)
    return e


def sign(doc, names, prefix=RELEASE):
    doc = copy.deepcopy(doc)
    doc["signatures"] = [entry(n, prefix + canonical(doc)) for n in names]
    return doc


def text(doc):
    return doc if isinstance(doc, str) else json.dumps(doc, separators=(",", ":"), ensure_ascii=False)


def release(**changes):
    doc = {
        "manifest_version": 1, "version": "1.2.0", "release": 42, "channel": "stable", "arch": "x86_64",
        "created_at": "2026-11-20T00:00:00Z", "expires_at": "2026-12-20T00:00:00Z",
        "cmdline": "console=ttyS0 quiet",
        "artifacts": {
            "kernel": {"filename": "vmlinuz", "size_bytes": 8388608, "hash": "sha256:" + "11" * 32,
                       "download_url": "stable/x86_64/vmlinuz", "swarm": "22" * 32},
            "initramfs": {"filename": "initrd.img", "size_bytes": 67108864, "hash": "sha256:" + "33" * 32},
        },
    }
    doc.update(changes)
    return {k: v for k, v in doc.items() if v is not None}


def policy(names="ab", threshold=2, **changes):
    doc = {"policy_version": 1, "version": 3, "keys": [{"key_id": ids[n], "name": "key " + n} for n in names],
           "threshold": threshold}
    doc.update(changes)
    return doc


verdicts = []


def case(name, doc, err="OK", rules=(), pol=None, now=NOW, floor=0, good=None, wrong=0):
    """err: of the verdict; rules: those that say no; good, wrong: numbers of keys."""
    verdicts.append({"name": name, "manifest": text(doc), "policy": text(pol or policy()), "now": now,
                     "floor": floor, "err": err, "rules": list(rules), "wrong": wrong,
                     **({} if good is None else {"good": good})})


def spoil(doc, i, byte=0, **change):
    doc = copy.deepcopy(doc)
    sig = bytearray.fromhex(doc["signatures"][i]["signature"])
    sig[byte] ^= 1
    doc["signatures"][i]["signature"] = sig.hex()
    doc["signatures"][i].update(change)
    return doc


def with_entries(doc, entries):
    doc = copy.deepcopy(doc)
    doc["signatures"] = entries
    return doc


both, one = sign(release(), "ab"), sign(release(), "a")
A, B = both["signatures"]
T, S = ("threshold",), ("signatures", "threshold")
case("two keys of two", both, good=2)
case("order of signatures does not matter", with_entries(both, [B, A]), good=2)
case("one key of two", one, "THRESHOLD", T, good=1)
case("two entries by one key", with_entries(both, [A, A]), "THRESHOLD", T, good=1)
case("two entries by one key, dated differently",
     with_entries(both, [A, {**A, "signed_at": "2026-11-20T00:00:09Z"}]), "THRESHOLD", T, good=1)
case("64 entries by one key", with_entries(both, [A] * 64), "THRESHOLD", T, good=1)
case("unsigned: empty array", with_entries(both, []), "THRESHOLD", T, good=0)
case("unsigned: no member", release(), "THRESHOLD", T, good=0)
case("keys that only the release knows", sign(release(), "cd"), "THRESHOLD", T, good=0)
case("keys that only the release lists as trusted", sign(release(keys=[{"key_id": ids["c"]}], threshold=1), "c"),
     "THRESHOLD", T, good=0)
case("unknown keys beside enough trusted ones", sign(release(), "cadbe"), good=2)
case("two of three", sign(release(), "ac"), pol=policy("abc"), good=2)
case("one wrong beside enough right ones", spoil(sign(release(), "abc"), 2), pol=policy("abc"), good=2, wrong=1)
case("one wrong and too few", spoil(both, 1), "SIGNATURE", S, good=1, wrong=1)
case("all wrong", spoil(spoil(both, 0), 1), "SIGNATURE", S, good=0, wrong=2)
case("last byte wrong", spoil(both, 0, 63), "SIGNATURE", S, good=1, wrong=1)
case("wrong entry, then the right one by the same key", with_entries(both, [spoil(both, 0)["signatures"][0], A, B]),
     good=2)
case("right entry, then a wrong one by the same key", with_entries(both, [A, B, spoil(both, 0)["signatures"][0]]),
     good=2)
case("wrong signature by a key that is not trusted", spoil(sign(release(), "abc"), 2), good=2)
case("a's signature under b's name", with_entries(both, [A, {**A, "key_id": ids["b"]}]), "SIGNATURE", S, good=1,
     wrong=1)
case("signature is no hex", with_entries(both, [A, {**B, "signature": "zz" * 64}]), "SIGNATURE", S, good=1, wrong=1)
case("signature is short", with_entries(both, [A, {**B, "signature": B["signature"][:-2]}]), "SIGNATURE", S, good=1,
     wrong=1)
case("signature is upper case", with_entries(both, [A, {**B, "signature": B["signature"].upper()}]), "SIGNATURE", S,
     good=1, wrong=1)
case("signature is empty", with_entries(both, [A, {**B, "signature": ""}]), "SIGNATURE", S, good=1, wrong=1)
case("signature is a number", with_entries(both, [A, {**B, "signature": 7}]), "SIGNATURE", S, good=1, wrong=1)
case("signature is missing", with_entries(both, [A, {"algorithm": "ed25519", "key_id": ids["b"]}]), "SIGNATURE", S,
     good=1, wrong=1)
case("key id is upper case", with_entries(both, [A, {**B, "key_id": B["key_id"].upper()}]), "THRESHOLD", T, good=1)
case("key id is a number", with_entries(both, [A, {**B, "key_id": 7}]), "THRESHOLD", T, good=1)
case("key id is missing", with_entries(both, [A, {"algorithm": "ed25519", "signature": B["signature"]}]),
     "THRESHOLD", T, good=1)
case("algorithm is unknown", with_entries(both, [A, {**B, "algorithm": "ed448"}]), "THRESHOLD", T, good=1)
case("algorithm is spelled otherwise", with_entries(both, [A, {**B, "algorithm": "Ed25519"}]), "THRESHOLD", T, good=1)
case("algorithm is missing", with_entries(both, [A, {"key_id": ids["b"], "signature": B["signature"]}]),
     "THRESHOLD", T, good=1)
case("entries that say nothing beside enough good ones", with_entries(both, [{}, A, {"a": 1}, B]), good=2)
case("members of an entry that are not known", with_entries(both, [A, {**B, "hint": [1, {"x": None}]}]), good=2)
case("signed_at is information only", with_entries(both, [A, {**B, "signed_at": "never"}]), good=2)
malleable = bytes.fromhex(B["signature"])
malleable = malleable[:32] + (int.from_bytes(malleable[32:], "little") + L).to_bytes(32, "little")
case("S + L is not a second signature", with_entries(both, [A, {**B, "signature": malleable.hex()}]), "SIGNATURE", S,
     good=1, wrong=1)
case("R and S all zero", with_entries(both, [A, {**B, "signature": "00" * 64}]), "SIGNATURE", S, good=1, wrong=1)
case("signed as a policy", sign(release(), "ab", POLICY), "SIGNATURE", S, good=0, wrong=2)
case("signed without prefix", sign(release(), "ab", b""), "SIGNATURE", S, good=0, wrong=2)
case("signed as written, not as canonical",
     with_entries(release(), [entry(n, RELEASE + text(release()).encode()) for n in "ab"]), "SIGNATURE", S, good=0,
     wrong=2)
case("members in another order", dict(reversed(list(both.items()))), good=2)
case("white space between", json.dumps(both, indent=3) + "\n\n", good=2)
case("letters as escapes", text(both).replace('"stable"', '"\\u0073t\\u0061ble"').replace("/", "\\/"), good=2)
case("release raised after signing", {**both, "release": 43}, "SIGNATURE", S, good=0, wrong=2)
case("cmdline changed after signing", {**both, "cmdline": "console=ttyS0 quiet init=/bin/sh"}, "SIGNATURE", S, good=0,
     wrong=2)
case("cmdline added after signing", {**sign(release(cmdline=None), "ab"), "cmdline": "x"}, "SIGNATURE", S, good=0,
     wrong=2)
case("expiry moved after signing", {**both, "expires_at": "2027-12-20T00:00:00Z"}, "SIGNATURE", S, good=0, wrong=2)
case("arch in its other spelling after signing", {**both, "arch": "amd64"}, "SIGNATURE", S, good=0, wrong=2)
case("unknown member added after signing", {**both, "note": "x"}, "SIGNATURE", S, good=0, wrong=2)
case("unknown member, signed", sign(release(note={"a": [None, True, {"b": "ä€😀\n"}]}), "ab"), good=2)
case("names beyond the BMP, signed", sign(release(x={"€": 1, "￿": 2, "Ā": 3}), "ab"), good=2)
case("dates: last second", both, now="2026-12-19T23:59:59Z")
case("dates: expired on the second", both, "EXPIRED", ("expires",), now="2026-12-20T00:00:00Z")
case("dates: expired in another zone", both, "EXPIRED", ("expires",), now="2026-12-20T05:00:00+05:00")
case("dates: clock behind by the slack", both, now="2026-11-19T23:55:00Z")
case("dates: clock behind by more", both, "NOT_YET", ("created",), now="2026-11-19T23:54:59Z")
case("dates: clock at 1970", both, "NOT_YET", ("created",), now="1970-01-01T00:00:00Z")
case("dates: clock at 2069", both, "EXPIRED", ("expires",), now="2069-01-01T00:00:00Z")
case("dates: no clock, dates are not judged", both, now="")
case("dates: no clock, the rest is judged", one, "THRESHOLD", T, now="")
case("policy expired", both, "EXPIRED", ("policy-expires",), pol=policy(expires_at=NOW))
case("policy about to expire", both, pol=policy(expires_at="2026-11-21T02:00:01Z"))
case("floor of the policy", both, "FLOOR", ("floor",), pol=policy(min_release=43))
case("floor of the policy is met", both, pol=policy(min_release=42))
case("floor of the machine: rollback", both, "FLOOR", ("floor",), floor=43)
case("floor of the machine: the same release again", both, floor=42)
case("floor: the higher one counts, policy", both, "FLOOR", ("floor",), pol=policy(min_release=50), floor=7)
case("floor: the higher one counts, machine", both, "FLOOR", ("floor",), pol=policy(min_release=7), floor=50)
case("floor: fast-forwarded to the end", both, "FLOOR", ("floor",), floor=2**53 - 1)
case("highest release", sign(release(release=2**53 - 1), "ab"), floor=2**53 - 1)
case("channel of the policy", both, pol=policy(channel="stable"))
case("another channel", both, "CHANNEL", ("channel",), pol=policy(channel="testing"))
case("channel in other case", both, "CHANNEL", ("channel",), pol=policy(channel="Stable"))
case("channel: a prefix is not enough", both, "CHANNEL", ("channel",), pol=policy(channel="stab"))
case("another arch", both, "ARCH", ("arch",), pol=policy(arch="arm64"))
case("arch: the policy's other spelling", both, pol=policy(arch="amd64"))
case("arch: the release's other spelling", sign(release(arch="aarch64"), "ab"), pol=policy(arch="arm64"))
case("critical: understood", sign(release(critical=["cmdline", "swarm"]), "ab"))
case("critical: empty", sign(release(critical=[]), "ab"))
case("critical: unknown", sign(release(critical=["cmdline", "tpm"], tpm=1), "ab"), "CRITICAL", ("critical",))
case("critical: unknown and absent", sign(release(critical=["tpm"]), "ab"), "CRITICAL", ("critical",))
case("critical: names differ by case", sign(release(critical=["CmdLine"]), "ab"), "CRITICAL", ("critical",))
case("everything wrong at once: every rule is named", spoil(sign(release(critical=["x"]), "ab"), 0), "SIGNATURE",
     ("signatures", "threshold", "channel", "arch", "expires", "policy-expires", "floor", "critical"),
     pol=policy(channel="c", arch="arm64", expires_at=NOW, min_release=43), now="2027-01-01T00:00:00Z", good=1, wrong=1)
case("signature is weightier than dates", spoil(both, 0), "SIGNATURE", S + ("expires",), now="2027-01-01T00:00:00Z",
     wrong=1)

rotations = []


def rotation(name, old, new, err="OK"):
    rotations.append({"name": name, "old": text(old), "new": text(new), "err": err})


def psign(doc, names):
    return sign(doc, names, POLICY)


old = policy("ab", 2, version=3)
rotation("new keys, signed by old and new", old, psign(policy("cd", 2, version=4), "abcd"))
rotation("one key exchanged", old, psign(policy("bc", 2, version=4), "abc"))
rotation("same keys", old, psign(policy("ab", 2, version=4), "ab"))
rotation("version may jump", old, psign(policy("ab", 2, version=2**53 - 1), "ab"))
rotation("first version over none", {**policy("a", 1), "version": 0}, psign(policy("a", 1, version=1), "a"))
rotation("threshold lowered by those who may", old, psign(policy("abc", 1, version=4), "ab"))
rotation("an expired policy can be replaced", policy("ab", 2, expires_at="2020-01-01T00:00:00Z"),
         psign(policy("ab", 2, version=4), "ab"))
rotation("same version", old, psign(policy("ab", 2, version=3, min_release=9), "ab"), "POLICY_OLD")
rotation("older version", old, psign(policy("ab", 2, version=2), "ab"), "POLICY_OLD")
rotation("no version", old, psign({k: v for k, v in policy("ab", 2).items() if k != "version"}, "ab"), "POLICY_OLD")
rotation("old threshold not met", old, psign(policy("cd", 2, version=4), "acd"), "THRESHOLD")
rotation("old keys have not signed", old, psign(policy("cd", 2, version=4), "cd"), "THRESHOLD")
rotation("old threshold met by one key twice", old,
         with_entries(policy("cd", 2, version=4), psign(policy("cd", 2, version=4), "aacd")["signatures"]), "THRESHOLD")
rotation("own threshold not met", old, psign(policy("cd", 2, version=4), "abc"), "THRESHOLD")
rotation("own keys have not signed", old, psign(policy("cd", 2, version=4), "ab"), "THRESHOLD")
rotation("own threshold raised beyond the signatures", old, psign(policy("abc", 3, version=4), "ab"), "THRESHOLD")
rotation("unsigned", old, policy("ab", 2, version=4), "THRESHOLD")
rotation("a wrong signature by an old key", old, spoil(psign(policy("cd", 2, version=4), "abcd"), 0), "SIGNATURE")
rotation("a wrong signature by a new key", old, spoil(psign(policy("cd", 2, version=4), "abcd"), 3), "SIGNATURE")
rotation("signed as a release", old, sign(policy("ab", 2, version=4), "ab"), "SIGNATURE")
rotation("changed after signing", old, {**psign(policy("ab", 2, version=4), "ab"), "threshold": 1}, "SIGNATURE")
rotation("self-made policy of an attacker", old, psign(policy("ef", 1, version=2**53 - 1), "ef"), "THRESHOLD")

out = {"how": "written by phase-release.py; signed by Python's cryptography", "keys": ids,
       "seeds": {n: bytes([i + 1] * 32).hex() for i, n in enumerate("abcdefgh")},
       "message": (RELEASE + canonical(release())).decode(), "verdicts": verdicts, "rotations": rotations}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
