"""An httpx client that keeps the digits of JSON numbers. httpx itself reads floats and cannot write a Decimal."""

import httpx
import simplejson


def parse(content):
    """Parses JSON, also after a byte order mark. Numbers keep their digits."""
    return simplejson.loads(content, use_decimal=True)


class Response(httpx.Response):
    def json(self, **options):
        return parse(self.content)


class Transport(httpx.HTTPTransport):
    def handle_request(self, request):
        response = super().handle_request(request)
        return Response(response.status_code, headers=response.headers, stream=response.stream, extensions=response.extensions)


class Client(httpx.Client):
    def __init__(self, *, transport=None, **options):
        super().__init__(transport=transport or Transport(), **options)

    def build_request(self, method, url, *, json=None, files=None, headers=None, **options):
        headers = httpx.Headers(headers)
        if json is not None:
            headers.setdefault("Content-Type", "application/json")
            text = simplejson.dumps(json, use_decimal=True, ensure_ascii=False, separators=(",", ":"))
            options["content"] = text.encode()
        if files is not None:
            # The generated client always uses the boundary "+++", which a file may contain; httpx chooses a random one.
            headers.pop("Content-Type", None)
        return super().build_request(method, url, files=files, headers=headers, **options)
