"""Verifies that a delivery comes from the gateway, and reads it. Verify it before reading the body."""

import hmac
import re
import time

from stablelink_api.models import AbnormalPaymentEvent
from stablelink_api_provisional.models import CheckoutOrderEvent

import auth
import exact_json
from lenient import UnreadableField, unreadable

TOLERANCE_MS = 120_000


def is_timestamp(text: str) -> bool:
    return re.fullmatch("0|[1-9][0-9]{0,19}", text) is not None and int(text) < 2**64


def age(timestamp: str, now: int, tolerance: int = TOLERANCE_MS) -> str:
    """Returns `fresh`, `too-old` or `too-new`. All values are in milliseconds."""
    delay = now - int(timestamp)
    return "fresh" if abs(delay) <= tolerance else "too-old" if delay > 0 else "too-new"


def is_signed(sign_key: str, message: bytes, signature: str | None) -> bool:
    return hmac.compare_digest(auth.sign(sign_key, message).encode(), (signature or "").encode())


def is_genuine(sign_key: str, headers, body: bytes, now: int | None = None) -> bool:
    timestamp = headers.get("TIMESTAMP") or ""
    now = time.time_ns() // 1_000_000 if now is None else now
    return (
        is_timestamp(timestamp)
        and age(timestamp, now) == "fresh"
        and is_signed(sign_key, timestamp.encode() + body, headers.get("SIGNATURE"))
    )


def read(body: bytes):
    """Reads a delivery that is genuine. Fails, so that it is delivered again, if an amount or a status is unreadable."""
    try:
        fields = exact_json.parse(body)
        model = {"ABNORMAL_PAYMENT": AbnormalPaymentEvent}.get(fields["eventType"], CheckoutOrderEvent)
        event = model.from_dict(fields)
        odd = [name for name in unreadable(event.data) if name.endswith(("mount", "tatus"))]
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableField("the delivery has no readable data") from error
    if odd:
        raise UnreadableField(f"data.{odd[0]} is unreadable")
    return event
