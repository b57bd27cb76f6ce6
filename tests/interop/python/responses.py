"""Checks every case of responses.json with the code of the client and of the webhook receiver."""

import json
import pathlib

import httpx
from stablelink_api.api.checkout import cancel_checkout_order, create_checkout_order, get_checkout_order
from stablelink_api_provisional.api.checkout import list_checkout_orders
from stablelink_api_provisional.models import CheckoutOrder, ListCheckoutOrdersRequest

import exact_json
import gateway
import outcome
import pages
import webhook
from auth import TOKEN_PATH
from flow import new_order
from gateway import CallError, Gateway, call
from lenient import UnreadableField, need, unreadable
from report import check

TOKEN = {"status": 200, "body": '{"access_token":"token"}'}


class CannedGateway:
    """Sends the same response to each token request, and these responses to other requests. The last one is repeated."""

    def __init__(self, *responses, token):
        self.responses, self.token, self.requests = list(responses), token, []
        pathlib.Path(gateway.TOKEN_FILE).unlink(missing_ok=True)
        self.clients = Gateway(httpx.MockTransport(self.respond))

    def respond(self, request):
        response = self.token
        if request.url.path != TOKEN_PATH:
            self.requests.append(request)
            response = self.responses[min(len(self.requests), len(self.responses)) - 1]
        if response["status"] is None:
            raise httpx.ReadError("closed", request=request)
        return exact_json.Response(response["status"], content=response["body"].encode(), request=request)


def make_call(clients, operation, number="A1"):
    if operation == "create":
        return call(clients.documented, create_checkout_order, body=new_order(1, number))
    if operation == "get":
        return call(clients.documented, get_checkout_order, order_no=number)
    return call(clients.documented, cancel_checkout_order, required=False, order_no=number)


def check_record(case, record):
    for name, text in case.get("fields", {}).items():
        found = str(need(record, name))
        assert canonical(found) == canonical(text), (name, found)
    # Times are strings in the generated types, so that any string is readable.
    assert unreadable(record) == sorted(case.get("unreadable", [])), unreadable(record)
    for name in case.get("unreadable", []):
        try:
            need(record, name)
        except UnreadableField as error:
            assert str(error) == f"{name} is unreadable", error
        else:
            raise AssertionError(f"{name} is readable")


def canonical(number):
    """Removes the zeros at the end of a fraction."""
    return number.rstrip("0") if "." in number else number


def check_call(case, operation, expected):
    canned = CannedGateway(case, token=TOKEN)
    changes = operation != "get"
    number = case.get("number", "A1")
    try:
        record = make_call(canned.clients, operation, number)
    except CallError as error:
        assert error.outcome == expected, error
        may_have_taken_effect = expected == "ambiguous" or expected == "unreadable" and changes
        assert error.may_have_taken_effect == may_have_taken_effect, error
        if may_have_taken_effect:
            assert error.number == number and f"orderNo {number}" in str(error), error
        assert case.get("retcode", error.retcode) == error.retcode, error
        assert case.get("path", "") in str(error), error
    else:
        assert expected == "success", "expected " + expected
        if operation != "cancel":  # Its record has no type.
            check_record(case, record)
    # Only a rejected token is a reason to send a call again.
    sends = 2 if case["status"] == 401 and expected == "rejected" else 1
    assert len(canned.requests) == sends, f"sent {len(canned.requests)} times"


def check_token(case):
    order = {"status": 200, "body": '{"retcode":200,"retdata":{"orderNo":"A1"}}'}
    canned = CannedGateway(order, token=case)
    try:
        make_call(canned.clients, "create")
    except CallError as error:
        assert error.outcome == case["outcome"] and "nothing else was sent" in str(error), error
        assert not error.may_have_taken_effect and not canned.requests, error
    else:
        assert case["outcome"] == "success", "expected " + case["outcome"]


def check_list(case):
    bodies = [{"status": 200, "body": '{"retcode":200,"retdata":' + page + "}"} for page in case["pages"]]
    canned = CannedGateway(*bodies, token=TOKEN)

    def load(number, size):
        fields = ListCheckoutOrdersRequest.from_dict({"pageNum": number, "pageSize": size})
        return call(canned.clients.provisional, list_checkout_orders, required=False, body=fields)

    orders, found = [], "success"
    try:
        for record in pages.records(load):
            orders.append(CheckoutOrder.from_dict(record).order_no)
    except CallError as error:
        found = error.outcome
    assert (orders, found) == (case["orders"], case["outcome"]), (orders, found)
    requests = [list(json.loads(request.content).values()) for request in canned.requests]
    assert requests == case["requests"], requests


def check_delivery(case):
    try:
        event = webhook.read(case["body"].encode())
    except UnreadableField as error:
        assert case["outcome"] == "unreadable" and case["path"] in str(error), error
    else:
        assert case["outcome"] == "success", "expected " + case["outcome"]
        check_record(case, event.data)


def run(file: str) -> None:
    table = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    with check("responses", "reads"):
        assert outcome.READS == set(table["reads"]), "the operations that change nothing differ"
    with check("responses", "numbered"):
        assert outcome.NUMBERED == set(table["numbered"]), "the operations with a number differ"
    for case in table["calls"]:
        for operation, expected in case["outcomes"].items():
            with check("responses", f"{case['name']}/{operation}"):
                check_call(case, operation, expected)
    for section, check_case in (("tokens", check_token), ("lists", check_list), ("deliveries", check_delivery)):
        for case in table[section]:
            with check("responses", f"{section}/{case['name']}"):
                check_case(case)
