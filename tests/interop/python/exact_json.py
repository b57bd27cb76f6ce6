"""An httpx client whose JSON keeps each digit of a number. httpx reads floats, and can't write a Decimal."""

import httpx
import simplejson


class Response(httpx.Response):
    def json(self, **options):
        return simplejson.loads(self.content, use_decimal=True, **options)


class Transport(httpx.HTTPTransport):
    def handle_request(self, request):
        answer = super().handle_request(request)
        return Response(answer.status_code, headers=answer.headers, stream=answer.stream, extensions=answer.extensions)


class Client(httpx.Client):
    def __init__(self, **options):
        super().__init__(transport=Transport(), **options)

    def build_request(self, method, url, *, json=None, files=None, headers=None, **options):
        headers = httpx.Headers(headers)
        if json is not None:
            headers.setdefault("Content-Type", "application/json")
            text = simplejson.dumps(json, use_decimal=True, ensure_ascii=False, separators=(",", ":"))
            options["content"] = text.encode()
        if files is not None:
            # The generated client has one boundary for all bodies, "+++", which may stand in a file; httpx draws one.
            headers.pop("Content-Type", None)
        return super().build_request(method, url, files=files, headers=headers, **options)
