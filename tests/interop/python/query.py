"""The possible forms of a signed query. `decoded` is documented; none was tested with escapes."""

from urllib.parse import quote_plus, unquote_plus, unquote_to_bytes


def decoded(query: bytes) -> bytes:
    return unquote_to_bytes(query)


def decoded_with_mark(query: bytes) -> bytes:
    return b"?" + unquote_to_bytes(query) if query else b""


def encoded_sorted(query: bytes) -> bytes:
    """The form of the vendor's Go client. In Latin-1 each byte is one character, so that any bytes are valid."""
    pairs = [pair.partition("=")[::2] for pair in query.decode("latin-1").split("&") if pair]
    plain = [[unquote_plus(part, "latin-1") for part in pair] for pair in pairs]
    plain.sort(key=lambda pair: pair[0])
    return "&".join("=".join(quote_plus(part, encoding="latin-1") for part in pair) for pair in plain).encode()
