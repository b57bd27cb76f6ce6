"""The gateway: both generated clients, calls with them, and the control interface of the sandbox."""

import os

import attrs
import httpx
import stablelink_api
import stablelink_api_provisional

import exact_json
import outcome
from auth import StableLinkAuth
from lenient import UnreadableField
from outcome import CallError

ADDRESS = os.environ["STABLELINK_ENV"]
SIGN_KEY = os.environ["STABLELINK_SIGN_KEY"]
TOKEN_FILE = os.environ["STABLELINK_TOKEN_FILE"]
CONTROL = exact_json.Client(base_url=ADDRESS + "/_sandbox")


class Gateway:
    """Clients of both documents, which share one token."""

    def __init__(self, transport=None):
        keys = [os.environ["STABLELINK_API_KEY"], os.environ["STABLELINK_API_SECRET"], SIGN_KEY]
        self.auth = StableLinkAuth(ADDRESS, *keys, TOKEN_FILE, http=httpx.Client(transport=transport))
        self.http = outcome.Client(base_url=ADDRESS, auth=self.auth, transport=transport)
        self.documented = stablelink_api.Client(ADDRESS).set_httpx_client(self.http)
        self.provisional = stablelink_api_provisional.Client(ADDRESS).set_httpx_client(self.http)

    def refresh(self):
        self.auth.shared_token(rejected=self.auth.shared_token())

    def is_rejected(self, token: dict) -> bool:
        request = self.auth.signed(self.http.build_request("GET", "/checkout/order/info?orderNo=1"), token)
        return httpx.Client().send(request).status_code == 401


def call(client, operation, required=True, **arguments):
    """Calls an operation, a module of the generated client. Returns `retdata`.

    Raises a CallError, which shows whether the call may have taken effect. `operation.sync` would raise another error for a
    payment that was made and whose record is unreadable.
    """
    return detailed(client, operation, required, **arguments)[0]


def detailed(client, operation, required=True, **arguments):
    """Does the same as `call`, and returns the response body too."""
    response = client.get_httpx_client().request(**operation._get_kwargs(**arguments))
    try:
        retdata = operation._parse_response(client=client, response=response).retdata
    except UnreadableField as error:
        raise CallError("unreadable", str(error), response.request) from None
    except (AttributeError, TypeError, ValueError):  # Without its cause, which may quote the response.
        raise CallError("unreadable", "retdata does not have its documented type", response.request) from None
    # The generated code returns a value of another type as it is.
    if required and not (isinstance(retdata, dict) or attrs.has(type(retdata))):
        raise CallError("unreadable", "retdata is missing, or it is not an object", response.request)
    return retdata, response.content


def control(path: str, **body):
    return CONTROL.post(path, json=body).raise_for_status().json()


def status() -> dict:
    return CONTROL.get("/status").raise_for_status().json()


def statuses() -> list[int]:
    """Returns the HTTP status of the latest requests, the newest first."""
    return [request["status"] for request in status()["requests"]]


def token_grants() -> tuple[int, int]:
    """Returns the number of granted tokens: by credentials, by refresh token."""
    token = status()["clients"][0]["token"]
    return token["grantedByCredentials"], token["grantedByRefresh"]
