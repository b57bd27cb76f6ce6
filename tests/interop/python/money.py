"""Amounts are sent and received digit for digit, in the generated types and in the response body."""

import re
import uuid
from decimal import Decimal

from stablelink_api.api.checkout import create_checkout_order, create_settlement_order, get_checkout_order
from stablelink_api.models import CreateSettlementOrderRequest
from stablelink_api_provisional.api.checkout import get_settlement_order

from flow import new_order
from gateway import Gateway, call, detailed
from report import check

AMOUNTS = ("1000.233567", "12345678901234567890.12")


def run(clients: Gateway) -> None:
    documented, provisional = clients.documented, clients.provisional
    for amount in AMOUNTS:
        with check("money", f"number {amount}"):
            order = new_order(Decimal(amount))
            call(documented, create_checkout_order, body=order)
            found, content = detailed(documented, get_checkout_order, order_no=order.order_no)
            same(amount, found.order_amount, Decimal)
            same(amount, in_body(rb'"orderAmount":([^,}]*)', content), str)
    for amount in AMOUNTS:
        with check("money", f"string {amount}"):
            settlement = CreateSettlementOrderRequest(
                settlement_order_no=uuid.uuid4().hex,
                merchant_id="1",
                token="ETH_USDT",
                address="0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C",
                amount=amount,
            )
            call(documented, create_settlement_order, body=settlement)
            found, content = detailed(
                provisional, get_settlement_order, settlement_order_no=settlement.settlement_order_no
            )
            same(amount, found.amount, str)
            same(f'"{amount}"', in_body(rb'"amount":([^,}]*)', content), str)


def in_body(field: bytes, content: bytes) -> str:
    return re.search(field, content)[1].decode()


def same(expected: str, found: object, kind: type) -> None:
    assert isinstance(found, kind) and str(found) == expected, f"{found!r} instead of {expected}"
