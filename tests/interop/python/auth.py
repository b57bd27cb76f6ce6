"""Token and signature for `httpx.Client(auth=...)`. The processes of a client share its one live token by a file."""

import base64
import fcntl
import hmac
import json
import logging
import pathlib
import time
from urllib.parse import unquote_to_bytes

import httpx

TOKEN_PATH = "/user/auth/oauth2/token"  # Its query holds secrets, and httpx logs addresses.
logging.getLogger("httpx").addFilter(lambda record: TOKEN_PATH not in record.getMessage())


def sign(key, message):
    return base64.b64encode(hmac.digest(key.encode(), message, "sha512")).decode()


class StableLinkAuth(httpx.Auth):
    def __init__(self, gateway, api_key, api_secret, sign_key, token_file, canonical=unquote_to_bytes):
        self.credentials = {"grant_type": "client_credentials", "api_key": api_key, "api_secret": api_secret}
        self.token_url, self.token_file, self.held = gateway + TOKEN_PATH, pathlib.Path(token_file), None
        self.sign_key, self.canonical = sign_key, canonical

    def sync_auth_flow(self, request):
        response = yield self.signed(request, token := self.held or self.shared())
        if response.status_code == 401 or response.read().startswith(b'{"retcode":"00901"'):  # Nothing was done.
            yield self.signed(request, self.shared(refused=token))

    def signed(self, request, token):
        request.headers["TIMESTAMP"] = timestamp = str(time.time_ns() // 1_000_000)
        request.headers["SIGNATURE"] = sign(self.sign_key, self.string_to_sign(request, timestamp))
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        return request

    def string_to_sign(self, request, timestamp):
        path, _, query = request.url.raw_path.partition(b"?")
        message = request.method.encode() + timestamp.encode() + path + self.canonical(query)
        body = request.read()  # The final bytes, kept for a repeat.
        return message if request.headers.get("Content-Type", "").startswith("multipart/") else message + body

    def shared(self, refused=None):
        self.token_file.touch(0o600)
        with self.token_file.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # Who waits here finds the new token.
            self.held = kept = json.loads(file.read() or "null")
            if kept not in (None, refused):
                return kept
            refresh = [{"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}] if kept else []
            for grant in [*refresh, self.credentials]:
                answer = httpx.post(self.token_url, params=grant).json()
                if "access_token" in (token := answer.get("retdata") or answer):
                    self.token_file.write_text(json.dumps(token))
                    self.held = token
                    return token
            raise RuntimeError(f"the gateway gave no token: {answer.get('retmsg')}")
