"""The forms in which a query may be signed. `decoded` is documented; none was ever seen accepted with escapes."""

from urllib.parse import quote_plus, unquote_plus, unquote_to_bytes


def decoded(query: bytes) -> bytes:
    return unquote_to_bytes(query)


def decoded_with_mark(query: bytes) -> bytes:
    return b"?" + unquote_to_bytes(query) if query else b""


def encoded_sorted(query: bytes) -> bytes:
    """As the vendor's Go client does. Latin-1 takes each byte for a character, so that bytes need not be UTF-8."""
    pairs = [pair.partition("=")[::2] for pair in query.decode("latin-1").split("&") if pair]
    plain = [[unquote_plus(part, "latin-1") for part in pair] for pair in pairs]
    plain.sort(key=lambda pair: pair[0])
    return "&".join("=".join(quote_plus(part, encoding="latin-1") for part in pair) for pair in plain).encode()
