"""The gateway in the environment: both generated clients, and the control interface of the sandbox."""

import os

import stablelink_api
import stablelink_api_provisional

import exact_json
from auth import StableLinkAuth

ADDRESS = os.environ["STABLELINK_ENV"]
SIGN_KEY = os.environ["STABLELINK_SIGN_KEY"]
TOKEN_FILE = os.environ["STABLELINK_TOKEN_FILE"]
AUTH = StableLinkAuth(
    ADDRESS, os.environ["STABLELINK_API_KEY"], os.environ["STABLELINK_API_SECRET"], SIGN_KEY, TOKEN_FILE
)
HTTP = exact_json.Client(base_url=ADDRESS, auth=AUTH)
DOCUMENTED = stablelink_api.Client(ADDRESS).set_httpx_client(HTTP)
PROVISIONAL = stablelink_api_provisional.Client(ADDRESS).set_httpx_client(HTTP)
CONTROL = exact_json.Client(base_url=ADDRESS + "/_sandbox")


class ApiError(Exception):
    """A rejection by the gateway, whatever the HTTP status."""

    def __init__(self, envelope):
        super().__init__(f"retcode {envelope.retcode}: {envelope.retmsg}")
        self.retcode = str(envelope.retcode)


def retdata(envelope):
    """Returns the content of the envelope. Success is 200, as a number or a string."""
    if str(envelope.retcode) != "200":
        raise ApiError(envelope)
    return envelope.retdata


def refresh():
    AUTH.shared_token(rejected=AUTH.shared_token())


def is_rejected(token: dict) -> bool:
    request = AUTH.signed(HTTP.build_request("GET", "/checkout/order/info?orderNo=1"), token)
    return HTTP.send(request, auth=None).status_code == 401


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
