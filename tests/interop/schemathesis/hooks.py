"""Signs what schemathesis sends, and reads the retcode of what comes back. The auth is that of the Python program."""

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
    AUTH.signed(wire, AUTH.held or AUTH.shared())
    return prepared


@schemathesis.auth(refresh_interval=None).skip_for(operation_id=TOKEN_OPERATION)
class Signature:
    """Over the final bytes. A request whose headers are broken on purpose stays as it is: it must be refused."""

    def get(self, case, context):
        return None if case.meta and case.meta.is_negative_at(ParameterLocation.HEADER) else signed

    def set(self, case, data, context):
        case._auth = data


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Puts a body that is accepted first among the examples: from it schemathesis makes what breaks one rule."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            body = RECORDS["bodies"].get(operation["operationId"])
            if body is not None:
                content = operation["requestBody"]["content"]["application/json"]
                content["examples"] = {"known": {"value": body}} | content.get("examples", {})


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts a new value where one of that body serves once: else the second request would be refused for that alone."""
    operation = operation_id(case)
    once = RECORDS["once"].get(operation)
    if once and isinstance(case.body, dict):
        known = RECORDS["bodies"][operation]
        stale = [member for member in once if case.body.get(member) == known[member]]
        new = {member: once[member].pop() for member in stale if once[member]}
        case.body = case.body | new


@schemathesis.hook
def after_call(context, case, response):
    """A token that the token operation gave ends the one that is held."""
    token = envelope(response).get("retdata")
    if operation_id(case) == TOKEN_OPERATION and isinstance(token, dict) and "access_token" in token:
        AUTH.held = token
        AUTH.token_file.write_text(json.dumps(token))


def operation_id(case) -> str:
    return case.operation.definition.raw["operationId"]


def envelope(response) -> dict:
    try:
        answer = json.loads(response.content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def is_success(response) -> bool:
    return response.status_code == 200 and str(envelope(response).get("retcode")) == "200"


@schemathesis.check
def retcode_rejects_negative_data(ctx, response, case):
    """The standard check, told by the retcode whether the request was accepted: HTTP 200 says nothing here."""
    told = copy.copy(response)
    told.status_code = 200 if is_success(response) else 400
    return negative_data_rejection(ctx, told, case)


@schemathesis.check
class SignatureIsRequired:
    """Sends a signed request of each operation again with a part of its signature missing or wrong, once when it was
    first sent and once when it was first accepted. All must be denied before anything else is looked at."""

    def __init__(self):
        self.tried: set[tuple[str, bool]] = set()

    def after_response(self, ctx, response, case):
        operation = operation_id(case)
        if "SIGNATURE" not in response.request.headers or operation == TOKEN_OPERATION:
            return
        if response.request.method != case.operation.method.upper():
            return  # Sent with another method on purpose: no operation, and so nothing to sign for.
        if case.meta and case.meta.is_negative_at(ParameterLocation.HEADER):
            return
        if (operation, is_success(response)) in self.tried:
            return
        self.tried.add((operation, is_success(response)))
        for what, headers in broken(response.request.headers):
            request = response.request.copy()
            request.headers = headers
            with requests.Session() as session:
                answer = session.send(request, allow_redirects=False)
            denied = str(envelope(answer).get("retmsg")).startswith("Access denied")
            assert denied and not is_success(answer), f"{operation} with {what}: {answer.text}"


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
    """Fails at the end of a run for an operation of the document that was never accepted: its answers were not seen."""

    def __init__(self):
        paths = json.loads(pathlib.Path(os.environ["STABLELINK_DOCUMENT"]).read_text())["paths"]
        operations = (operation for path in paths.values() for operation in path.values())
        self.missing = {operation["operationId"] for operation in operations}

    def after_response(self, ctx, response, case):
        if is_success(response):
            self.missing.discard(operation_id(case))

    def after_run(self, ctx):
        assert not self.missing, f"never accepted: {', '.join(sorted(self.missing))}"
