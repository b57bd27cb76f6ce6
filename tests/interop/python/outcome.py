"""Decides by the HTTP status and the envelope of a response whether a call took effect."""

import re

import httpx
import simplejson

import exact_json

# The operations that change nothing. Any other one, even if it is a GET, may have taken effect if its outcome is unknown.
READS = frozenset(
    {
        "GET /checkout/order/info",
        "GET /checkout/refund/info",
        "GET /checkout/settlement/info",
        "GET /remit/get-remit-info",
        "GET /trade/get-deposit-address",
        "GET /trade/get-fee-config",
        "GET /trade/get-receive-transaction",
        "GET /trade/get-receive-transactions",
        "GET /trade/get-trade-list",
        "GET /trade/get-trade-request",
        "GET /trade/get-transaction",
        "GET /user/user-info",
        "POST /base/notification/event-page",
        "POST /checkout/abnormal-payment/list",
        "POST /checkout/order/list",
        "POST /checkout/refund/list",
        "POST /checkout/settlement/list",
        "POST /remit/remit-info-page",
        "POST /trade/exchange-rate",
    }
)
# The operations whose record has the number of the request: a record without the number may be another one.
NUMBERED = frozenset(
    {
        "GET /checkout/order/info",
        "POST /checkout/abnormal-payment/refund",
        "POST /checkout/fiat-settlement/create",
        "POST /checkout/order/create",
        "POST /checkout/refund/create",
        "POST /checkout/settlement/create",
        "POST /trade/create-trade-request",
    }
)
# The fields that identify the record of a request. A refund has an order number too, so that it is the last one.
NUMBERS = ("settlementOrderNo", "refundOrderNo", "requestId", "orderNo")
# A server sends these statuses before it processes a request. A proxy may send any other 4xx after the gateway has processed it.
UNPROCESSED = frozenset({400, 401, 405, 413, 414, 415, 421, 425, 426, 429, 431})


class CallError(Exception):
    """A failed call. `outcome` is one of:

    - `not-sent`: there is no token, so that the call was not sent
    - `rejected`: the gateway rejected the call, which had no effect
    - `ambiguous`: the call was sent, and it is unknown whether it took effect
    - `unreadable`: the gateway reported a success, but the record cannot be read
    - `failed`: a call that changes nothing failed
    """

    def __init__(self, outcome, problem, request=None, retcode=None):
        self.outcome, self.retcode = outcome, retcode
        self.field, self.number = number(request) if request else (None, None)
        changes = request is not None and operation(request) not in READS
        if outcome == "unknown":
            self.outcome = "ambiguous" if changes else "failed"
        self.may_have_taken_effect = changes and self.outcome in ("ambiguous", "unreadable")
        found = f"look it up by {self.field} {self.number}" if self.number else "look up the record before sending it again"
        text = {
            "not-sent": "no token, so that nothing else was sent",
            "rejected": "rejected",
            "ambiguous": f"sent, but the outcome is unknown; {found}",
            "unreadable": "the gateway reported a success" + (f"; {found}" if changes else ""),
            "failed": "failed",
        }
        super().__init__(f"{text[self.outcome]}: {problem}")


def operation(request):
    return f"{request.method} {request.url.path}"


def number(request):
    """Returns the first field of a request that identifies its record, with its value."""
    fields = dict(request.url.params)
    if request.headers.get("Content-Type") == "application/json":
        fields |= exact_json.parse(request.content)
    return next(((name, str(fields[name])) for name in NUMBERS if fields.get(name)), (None, None))


def retcode(envelope):
    """Returns the retcode as a string; `None` if it is neither a whole number nor a string that can be a code."""
    code = envelope.get("retcode") if isinstance(envelope, dict) else None
    code = str(code) if type(code) is int and code >= 0 else code
    return code if isinstance(code, str) and re.fullmatch(r"[^\s\x00-\x1f\x7f-\x9f]{1,64}", code) else None


def classify(status, content):
    """Returns `success`, `rejected` or `unknown`, the parsed body, and the problem."""
    try:
        envelope = exact_json.parse(content)
    except (ValueError, RecursionError):
        envelope = None
    code = retcode(envelope)
    if code is None:
        problem = f"HTTP {status} without the gateway's envelope"
        return "rejected" if status in UNPROCESSED else "unknown", envelope, problem
    problem = f"HTTP {status}, retcode {code}: {envelope.get('retmsg')}"
    # The retcode decides. If the status or the field `success` contradicts it, the outcome is unknown.
    flag = simplejson.dumps(envelope.get("success"), use_decimal=True)
    succeeded, flagged = code == "200", flag in ("true", '"true"', "1")
    if 200 <= status < 300 and succeeded and (flagged or flag == "null"):
        return "success", envelope, problem
    if not succeeded and (200 <= status < 300 and not flagged or 400 <= status < 500 and status != 408):
        return "rejected", envelope, problem
    return "unknown", envelope, problem


def is_foreign(request, envelope):
    """Returns whether the record of a response has another number than its request, or lacks the number that it must have."""
    field, expected = number(request)
    data = envelope.get("retdata")
    if field is None:
        return False
    if not isinstance(data, dict):  # The response to a create may be that of a cancellation. A read reports it as unreadable.
        return operation(request) in NUMBERED - READS
    found = data.get(field)
    if isinstance(found, str):
        return found != expected
    if type(found) is int and expected.isdecimal():
        return found != int(expected)
    if type(found) is int and operation(request) in READS:  # A record that is only read may have its number in another form.
        return False
    return operation(request) in NUMBERED


def is_token_rejected(status, content):
    """Returns whether the call may be sent again with another token. HTTP 401 with the retcode of a success is ambiguous."""
    outcome, envelope, _ = classify(status, content)
    return outcome == "rejected" and (status == 401 or retcode(envelope) == "00901")  # 00901 is the code of the sandbox.


def request_token(http, url, grants):
    """Requests a token with the first grant that the gateway does not reject."""
    for grant in grants:
        try:
            response = http.post(url, params=grant)
        except httpx.HTTPError as error:  # Without its cause, which may contain the URL with the secrets.
            raise CallError("not-sent", f"the token request failed: {type(error).__name__}") from None
        outcome, envelope, _ = classify(response.status_code, response.content)
        if outcome != "rejected":
            return token_of(outcome, response.status_code, envelope)
    raise CallError("not-sent", "the gateway rejected the credentials")


def token_of(outcome, status, envelope):
    """Reads a token. Only the token itself must be readable: it is used until it is rejected."""
    token = envelope.get("retdata") if outcome == "success" else envelope
    # One page shows a token without the envelope.
    if outcome == "unknown" and (status != 200 or not isinstance(envelope, dict) or envelope.get("retcode") is not None):
        raise CallError("not-sent", f"the token request failed with HTTP {status}")
    access = token.get("access_token") if isinstance(token, dict) else None
    if not isinstance(access, str) or not access:
        raise CallError("not-sent", "the response to the token request has no token")
    refresh = token.get("refresh_token")
    return {"access_token": access, "refresh_token": refresh if isinstance(refresh, str) else ""}


class Client(exact_json.Client):
    """Raises a CallError for each response that is not a success."""

    def send(self, request, **options):
        try:
            response = super().send(request, **options)
        except httpx.HTTPError as error:
            raise CallError("unknown", f"no response: {type(error).__name__}", request) from error
        outcome, envelope, problem = classify(response.status_code, response.content)
        if outcome != "success":
            raise CallError(outcome, problem, request, retcode(envelope))
        if is_foreign(request, envelope):
            raise CallError("unknown", "retdata may belong to another record", request, retcode(envelope))
        response.status_code = 200  # The generated code reads no envelope from another 2xx.
        return response
