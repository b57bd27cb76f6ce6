"""Checks every vector of signatures.json with the code of the client and of the webhook receiver."""

import base64
import json
import pathlib

import httpx

import query
import webhook
from auth import StableLinkAuth, sign
from report import check

FORMS = {
    "decoded": query.decoded,
    "decoded-with-mark": query.decoded_with_mark,
    "encoded-sorted": query.encoded_sorted,
}


def octets(vector: dict, field: str) -> bytes:
    return vector[field].encode() if field in vector else base64.b64decode(vector[field + "_base64"], validate=True)


def string_to_sign(vector: dict) -> bytes:
    body, timestamp = octets(vector, "body"), vector["timestamp"]
    if vector["kind"] in ("webhook", "response"):
        return timestamp.encode() + body
    # The request of httpx is used, so that its treatment of URLs is tested too.
    address = "http://localhost" + vector["path"] + ("?" + vector["query"] if vector["query"] else "")
    headers = {"Content-Type": vector["content_type"]} if "content_type" in vector else {}
    request = httpx.Request(vector["method"], address, content=body, headers=headers)
    auth = StableLinkAuth("", "", "", "", "", canonical=FORMS[vector["query_form"]])
    return auth.string_to_sign(request, timestamp)


def is_accepted(key: str, vector: dict) -> bool:
    if vector["timestamp"] is None or not webhook.is_timestamp(vector["timestamp"]):
        return False
    return webhook.is_signed(key, string_to_sign(vector), vector["signature"])


def run(file: str) -> None:
    vectors = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    keys = {key["name"]: key["value"] for key in vectors["keys"]}
    messages = {vector["id"]: vector for vector in vectors["signatures"]}
    for vector in vectors["signatures"]:
        with check("vectors", vector["id"]):
            message, key = string_to_sign(vector), keys[vector["key"]]
            assert message == octets(vector, "string_to_sign"), f"string to sign: {message!r}"
            assert sign(key, message) == vector["signature"], "signature"
            assert is_accepted(key, vector), "not accepted"
    for rejection in vectors["rejections"]:
        with check("vectors", rejection["id"]):
            vector = messages[rejection["of"]]
            assert not is_accepted(keys[vector["key"]], {**vector, **rejection}), "accepted"
    for index, timestamp in enumerate(vectors["timestamps"]):
        with check("vectors", f"timestamps/{index}"):
            assert webhook.is_timestamp(timestamp["text"]) == timestamp["valid"], timestamp["text"]
    tolerance = vectors["freshness"]["tolerance_ms"]
    for index, case in enumerate(vectors["freshness"]["cases"]):
        with check("vectors", f"freshness/{index}"):
            result = webhook.age(case["timestamp"], int(case["now"]), tolerance)
            assert result == case["result"], result
