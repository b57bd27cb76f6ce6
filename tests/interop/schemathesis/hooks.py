"""Signs the requests of schemathesis with the auth of the Python program, and checks the retcode of responses."""

import copy
import json
import os
import pathlib
import types

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection

from sandbox import AUTH

TOKEN_OPERATION = "issueAccessToken"
RECORDS = json.loads(pathlib.Path(os.environ["STABLELINK_RECORDS"]).read_text())


def signed(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    body = prepared.body or b""
    wire = types.SimpleNamespace(
        method=prepared.method,
        url=types.SimpleNamespace(raw_path=prepared.path_url.encode()),
        headers=prepared.headers,
        read=lambda: body if isinstance(body, bytes) else body.encode(),
    )
    AUTH.signed(wire, AUTH.cached or AUTH.shared_token())
    return prepared


@schemathesis.auth(refresh_interval=None).skip_for(operation_id=TOKEN_OPERATION)
class Signature:
    """Signs the final bytes. A request with deliberately broken headers is not signed, because it must be rejected."""

    def get(self, case, context):
        return None if case.meta and case.meta.is_negative_at(ParameterLocation.HEADER) else signed

    def set(self, case, data, context):
        case._auth = data


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Adds an accepted body as the first example, from which schemathesis creates bodies that break one rule."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            body = RECORDS["bodies"].get(operation["operationId"])
            if body is not None:
                content = operation["requestBody"]["content"]["application/json"]
                content["examples"] = {"known": {"value": body}} | content.get("examples", {})


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces values that are accepted only once, so that a second request is not rejected only because of them."""
    operation = operation_id(case)
    once = RECORDS["once"].get(operation)
    if once and isinstance(case.body, dict):
        known = RECORDS["bodies"][operation]
        used = [field for field in once if case.body.get(field) == known[field]]
        new = {field: once[field].pop() for field in used if once[field]}
        case.body = case.body | new


@schemathesis.hook
def after_call(context, case, response):
    """Stores a token of the token operation, because it invalidates the current one."""
    token = envelope(response).get("retdata")
    if operation_id(case) == TOKEN_OPERATION and isinstance(token, dict) and "access_token" in token:
        AUTH.cached = token
        AUTH.token_file.write_text(json.dumps(token))


def operation_id(case) -> str:
    return case.operation.definition.raw["operationId"]


def envelope(response) -> dict:
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def is_success(response) -> bool:
    return response.status_code == 200 and str(envelope(response).get("retcode")) == "200"


@schemathesis.check
def retcode_rejects_negative_data(ctx, response, case):
    """The standard check, with the retcode instead of the HTTP status, which is always 200."""
    by_retcode = copy.copy(response)
    by_retcode.status_code = 200 if is_success(response) else 400
    return negative_data_rejection(ctx, by_retcode, case)


@schemathesis.check
class SignatureIsRequired:
    """Repeats a signed request of each operation with a missing or wrong part of the signature, once for the first
    request and once for the first accepted one. The sandbox must deny each before any other check."""

    def __init__(self):
        self.tried: set[tuple[str, bool]] = set()

    def after_response(self, ctx, response, case):
        operation = operation_id(case)
        if "SIGNATURE" not in response.request.headers or operation == TOKEN_OPERATION:
            return
        if response.request.method != case.operation.method.upper():
            return  # Deliberately sent with another method, which is no operation and needs no signature.
        if case.meta and case.meta.is_negative_at(ParameterLocation.HEADER):
            return
        if (operation, is_success(response)) in self.tried:
            return
        self.tried.add((operation, is_success(response)))
        for what, headers in broken(response.request.headers):
            request = response.request.copy()
            request.headers = headers
            with requests.Session() as session:
                repeated = session.send(request, allow_redirects=False)
            denied = str(envelope(repeated).get("retmsg")).startswith("Access denied")
            assert denied and not is_success(repeated), f"{operation} with {what}: {repeated.text}"


def broken(headers):
    for name in ("Authorization", "TIMESTAMP", "SIGNATURE"):
        without = headers.copy()
        del without[name]
        yield f"no {name}", without
    signature = headers["SIGNATURE"]
    for what, changes in (
        ("another SIGNATURE", {"SIGNATURE": ("B" if signature[0] == "A" else "A") + signature[1:]}),
        ("an empty SIGNATURE", {"SIGNATURE": ""}),
        ("another TIMESTAMP", {"TIMESTAMP": str(int(headers["TIMESTAMP"]) + 1)}),
        ("an old TIMESTAMP", {"TIMESTAMP": str(int(headers["TIMESTAMP"]) - 120_001)}),
        ("another token", {"Authorization": "Bearer " + AUTH.credentials["api_key"]}),
    ):
        changed = headers.copy()
        changed.update(changes)
        yield what, changed


@schemathesis.check
class EveryOperationIsAccepted:
    """Fails at the end of a run if an operation was never accepted, because none of its responses was checked."""

    def __init__(self):
        paths = json.loads(pathlib.Path(os.environ["STABLELINK_DOCUMENT"]).read_text())["paths"]
        operations = (operation for path in paths.values() for operation in path.values())
        self.missing = {operation["operationId"] for operation in operations}

    def after_response(self, ctx, response, case):
        if is_success(response):
            self.missing.discard(operation_id(case))

    def after_run(self, ctx):
        assert not self.missing, f"never accepted: {', '.join(sorted(self.missing))}"
