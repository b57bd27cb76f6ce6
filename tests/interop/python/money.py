"""Amounts go out and come back digit for digit, as the generated types hold them and as they stand in the answer."""

import re
import uuid
from decimal import Decimal

from stablelink_api.api.checkout import create_checkout_order, create_settlement_order, get_checkout_order
from stablelink_api.models import CreateSettlementOrderRequest
from stablelink_api_provisional.api.checkout import get_settlement_order

from flow import new_order
from gateway import DOCUMENTED, PROVISIONAL, retdata
from report import check

AMOUNTS = ("1000.233567", "12345678901234567890.12")


def run() -> None:
    for amount in AMOUNTS:
        with check("money", f"number {amount}"):
            order = new_order(Decimal(amount))
            retdata(create_checkout_order.sync(client=DOCUMENTED, body=order))
            answer = get_checkout_order.sync_detailed(client=DOCUMENTED, order_no=order.order_no)
            same(amount, retdata(answer.parsed).order_amount, Decimal)
            same(amount, in_answer(rb'"orderAmount":([^,}]*)', answer.content), str)
    for amount in AMOUNTS:
        with check("money", f"string {amount}"):
            settlement = CreateSettlementOrderRequest(
                settlement_order_no=uuid.uuid4().hex,
                merchant_id="1",
                token="ETH_USDT",
                address="0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C",
                amount=amount,
            )
            retdata(create_settlement_order.sync(client=DOCUMENTED, body=settlement))
            answer = get_settlement_order.sync_detailed(
                client=PROVISIONAL, settlement_order_no=settlement.settlement_order_no
            )
            same(amount, retdata(answer.parsed).amount, str)
            same(f'"{amount}"', in_answer(rb'"amount":([^,}]*)', answer.content), str)


def in_answer(member: bytes, content: bytes) -> str:
    return re.search(member, content)[1].decode()


def same(expected: str, found: object, kind: type) -> None:
    assert isinstance(found, kind) and str(found) == expected, f"{found!r} in place of {expected}"
