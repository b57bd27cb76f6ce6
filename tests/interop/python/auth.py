"""Token and signature for `httpx.Client(auth=...)`. Processes share the only valid token through a file."""

import base64
import fcntl
import hmac
import json
import logging
import pathlib
import time
from urllib.parse import unquote_to_bytes

import httpx

import outcome

TOKEN_PATH = "/user/auth/oauth2/token"  # The query contains secrets, and httpx logs URLs.
logging.getLogger("httpx").addFilter(lambda record: TOKEN_PATH not in record.getMessage())


def sign(key, message):
    return base64.b64encode(hmac.digest(key.encode(), message, "sha512")).decode()


class StableLinkAuth(httpx.Auth):
    def __init__(self, gateway, api_key, api_secret, sign_key, token_file, canonical=unquote_to_bytes, http=httpx):
        self.credentials = {"grant_type": "client_credentials", "api_key": api_key, "api_secret": api_secret}
        self.token_url, self.token_file, self.cached = gateway + TOKEN_PATH, pathlib.Path(token_file), None
        self.sign_key, self.canonical, self.http = sign_key, canonical, http

    def sync_auth_flow(self, request):
        response = yield self.signed(request, token := self.cached or self.shared_token())
        if outcome.is_token_rejected(response.status_code, response.read()):
            yield self.signed(request, self.shared_token(rejected=token))

    def signed(self, request, token):
        request.headers["TIMESTAMP"] = timestamp = str(time.time_ns() // 1_000_000)
        request.headers["SIGNATURE"] = sign(self.sign_key, self.string_to_sign(request, timestamp))
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        return request

    def string_to_sign(self, request, timestamp):
        path, _, query = request.url.raw_path.partition(b"?")
        message = request.method.encode() + timestamp.encode() + path + self.canonical(query)
        body = request.read()  # The final bytes, kept for a retry.
        return message if request.headers.get("Content-Type", "").startswith("multipart/") else message + body

    def shared_token(self, rejected=None):
        self.token_file.touch(0o600)
        with self.token_file.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # A waiting process then reads the new token.
            self.cached = stored = json.loads(file.read() or "null")
            if stored not in (None, rejected):
                return stored
            token = stored and stored["refresh_token"]
            refresh = [{"grant_type": "refresh_token", "refresh_token": token}] if token else []
            self.cached = outcome.request_token(self.http, self.token_url, [*refresh, self.credentials])
            self.token_file.write_text(json.dumps(self.cached))
            return self.cached
