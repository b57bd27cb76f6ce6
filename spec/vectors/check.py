#!/usr/bin/env python3
"""Recomputes every signature of signatures.json with only Python's standard library.

It is also an example of how to use the vectors in another language. It can run in any folder:

    python3 spec/vectors/check.py
"""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import sys
from urllib.parse import quote_from_bytes, unquote_to_bytes


def octets(vector, name):
    """Returns the bytes of a field that is a string, or Base64 if the bytes are not text."""
    if name in vector:
        return vector[name].encode()
    return base64.b64decode(vector[name + "_base64"], validate=True)


def canonical(query, form):
    """Returns the query in the form in which it is signed."""
    raw = query.encode()
    if not raw:
        return b""
    if form == "decoded":
        return unquote_to_bytes(raw)
    if form == "decoded-with-mark":
        return b"?" + unquote_to_bytes(raw)
    assert form == "encoded-sorted", form
    pairs = [pair.partition(b"=")[::2] for pair in raw.split(b"&") if pair]
    pairs = [[unquote_to_bytes(part.replace(b"+", b" ")) for part in pair] for pair in pairs]
    pairs.sort(key=lambda pair: pair[0])  # stable
    quoted = (
        "=".join(quote_from_bytes(part, safe=" -._~").replace(" ", "+") for part in pair)
        for pair in pairs
    )
    return "&".join(quoted).encode()


def string_to_sign(vector):
    """Builds the string to sign from the parts of the vector."""
    parts = [vector["timestamp"].encode()]
    if vector["kind"] in ("request", "response-to"):
        parts.insert(0, vector["method"].upper().encode())
        parts.append(vector["path"].encode())
        parts.append(canonical(vector["query"], vector["query_form"]))
    if vector.get("body_signed", True):
        parts.append(octets(vector, "body"))
    return b"".join(parts)


def sign(key, message):
    mac = hmac.new(key.encode(), message, hashlib.sha512).digest()
    return base64.b64encode(mac).decode()


def accepts(key, vector):
    """Returns whether a receiver accepts the two headers, without checking their age."""
    timestamp, signature = vector["timestamp"], vector["signature"]
    if timestamp is None or signature is None or not is_timestamp(timestamp):
        return False
    expected = sign(key, string_to_sign(vector))
    return hmac.compare_digest(expected.encode(), signature.encode())


def is_timestamp(text):
    return re.fullmatch("0|[1-9][0-9]{0,19}", text) is not None and int(text) < 2**64


def age(case, tolerance):
    off = int(case["now"]) - int(case["timestamp"])
    if abs(off) <= tolerance:
        return "fresh"
    return "too-old" if off > 0 else "too-new"


def failures(vectors):
    keys = {key["name"]: key["value"] for key in vectors["keys"]}
    by_id = {}
    for vector in vectors["signatures"]:
        by_id[vector["id"]] = vector
        message = string_to_sign(vector)
        if message != octets(vector, "string_to_sign"):
            yield f"{vector['id']}: wrong string to sign: {message!r}"
        if not accepts(keys[vector["key"]], vector):
            yield f"{vector['id']}: wrong signature"
    for rejection in vectors["rejections"]:
        of = by_id[rejection["of"]]
        if accepts(keys[of["key"]], {**of, **rejection}):
            yield f"{rejection['id']}: accepted"
    for timestamp in vectors["timestamps"]:
        if is_timestamp(timestamp["text"]) != timestamp["valid"]:
            yield f"timestamp {timestamp['text']!r}: not {timestamp['valid']}"
    for case in vectors["freshness"]["cases"]:
        result = age(case, vectors["freshness"]["tolerance_ms"])
        if result != case["result"]:
            yield f"timestamp {case['timestamp']} at {case['now']}: {result}"


def main():
    path = pathlib.Path(__file__).with_name("signatures.json")
    vectors = json.loads(path.read_text(encoding="utf-8"))
    found = list(failures(vectors))
    for failure in found:
        print(failure, file=sys.stderr)
    count = len(vectors["signatures"]) + len(vectors["rejections"])
    print(f"{count} vectors, {len(found)} failures")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
