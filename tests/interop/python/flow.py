"""Runs all steps against the gateway. A step that needs the result of a failed step fails too."""

import io
import json
import pathlib
import subprocess
import sys
import time
import uuid
from decimal import Decimal

from stablelink_api.api.authentication import issue_access_token
from stablelink_api.api.checkout import create_checkout_order, get_checkout_order
from stablelink_api.api.trade import get_exchange_rate
from stablelink_api.api.user import create_user
from stablelink_api.api.webhook import simulate_event
from stablelink_api.models import (
    CreateCheckoutOrderRequest,
    CreateUserRequest,
    GetExchangeRateRequest,
    SimulateEventRequest,
    Trade,
)
from stablelink_api_provisional.api.file import upload_file
from stablelink_api_provisional.api.trade import create_fee_config, create_trade, get_trade
from stablelink_api_provisional.models import (
    CreateFeeConfigRequest,
    CreateTradeRequest,
    UploadFileRequest,
    User,
)
from stablelink_api_provisional.types import File

import gateway
import webhook
from gateway import Gateway, call, token_grants
from receiver import receiver
from report import check

DELIVERY_SECONDS = 30


def new_order(amount: Decimal, order_no: str | None = None) -> CreateCheckoutOrderRequest:
    return CreateCheckoutOrderRequest(
        order_no=order_no or uuid.uuid4().hex,
        order_amount=amount,
        customer_id="6",
        merchant_id="1",
        token="ETH_USDT",
    )


def run(clients: Gateway) -> None:
    auth, documented, provisional = clients.auth, clients.documented, clients.provisional
    with check("flow", "token"):
        file = pathlib.Path(gateway.TOKEN_FILE)
        assert not file.exists(), "the token file exists before the first call"
        before = token_grants()
        first = auth.shared_token()
        assert token_grants() == (before[0] + 1, before[1]), "expected one token, by credentials"
        assert json.loads(file.read_text()) == first, "the token is not in the file"
        assert not clients.is_rejected(first), "the token is rejected"

    with check("flow", "refresh"):
        before = token_grants()
        clients.refresh()
        assert token_grants() == (before[0], before[1] + 1), "expected one token, by refresh token"
        assert clients.is_rejected(first), "the old token is still valid"
        assert not clients.is_rejected(auth.shared_token()), "the new token is rejected"
        try:
            call(documented, issue_access_token, grant_type="refresh_token", refresh_token=first["refresh_token"])
        except gateway.CallError as error:
            assert error.outcome == "rejected", error
        else:
            raise AssertionError("the old refresh token is still valid")

    with check("flow", "exchange-rate"):
        sold = GetExchangeRateRequest(
            sell_currency="USDT", buy_currency="USD", amount=Decimal("358.79"), client_id=600002706
        )
        rate = call(documented, get_exchange_rate, body=sold)
        assert rate.sell_currency == "USDT" and Decimal(rate.channel_rate or rate.rate) > 0, rate

    with check("flow", "create-user"):
        new = CreateUserRequest(email="sub@business.example", full_name="Holding Limited", country="VGB")
        user = User.from_dict(call(documented, create_user, body=new))
        assert user.full_name == new.full_name and user.id > 0, user

    with check("flow", "create-order"):
        order = new_order(Decimal("0.50"))
        made = call(documented, create_checkout_order, body=order)
        assert made.order_no == order.order_no, made.order_no
        assert made.deposit_address not in ("", "-1"), "this chain and coin is not enabled"

    with check("flow", "order-info"):
        read = call(documented, get_checkout_order, order_no=order.order_no)
        assert (read.order_amount, read.order_status) == (order.order_amount, "PAYING"), read

    with check("flow", "simulate"):
        event = SimulateEventRequest(event="PAYMENT_REQUEST_CHANGED", payment_request_dto=Trade(id=1))
        call(documented, simulate_event, required=False, body=event)

    with check("flow", "upload"):
        # This file contains the boundary that the generated client uses for every body.
        file = File(io.BytesIO(b"receipt\r\n--+++\r\nno header\r\n\r\n"), "receipt.txt", "text/plain")
        uploaded = call(provisional, upload_file, body=UploadFileRequest(file=file, scene=1))
        assert uploaded.file_id, uploaded

    with check("flow", "trade"):
        fees = CreateFeeConfigRequest(
            client_id=user.id, developer_fix_amount=Decimal("0"), developer_rate=Decimal("0.01")
        )
        call(provisional, create_fee_config, required=False, body=fees)
        new = CreateTradeRequest(
            request_id=str(uuid.uuid4()),
            client_id=user.id,
            request_type=1,
            from_currency="USD",
            to_currency="USDC",
            amount=Decimal("120.00"),
            file_id=uploaded.file_id,
        )
        made = call(provisional, create_trade, body=new)
        assert made.request_id == new.request_id and made.tx_no.startswith("TR"), made
        read = call(provisional, get_trade, request_id=new.request_id)
        assert (read.id, read.amount) == (made.id, new.amount), read

    with check("flow", "webhook"):
        check_webhook(documented)

    with check("flow", "error-envelope"):
        try:
            call(documented, create_checkout_order, body=new_order(Decimal("1"), "A 1"))
        except gateway.CallError as error:
            assert (error.outcome, error.retcode) == ("rejected", "00008"), error
            assert gateway.statuses()[0] == 200, error
        else:
            raise AssertionError("an order number with a space was accepted")

    with check("flow", "shared-token"):
        held, before = auth.cached, token_grants()
        subprocess.run([sys.executable, sys.argv[0], "refresh"], check=True, stdout=subprocess.DEVNULL)
        refreshed = token_grants()
        assert refreshed == (before[0], before[1] + 1), "the other process did not refresh the token"
        assert clients.is_rejected(held), "the token of this process is still valid"
        call(documented, get_checkout_order, order_no=order.order_no)
        # The newest first: the retry, the call itself, and the check that the token is rejected.
        assert gateway.statuses()[:3] == [200, 401, 401], "the call did not use the rejected token first"
        assert token_grants() == refreshed, "the call made a token request"


def check_webhook(documented) -> None:
    order = new_order(Decimal("1"))
    made = call(documented, create_checkout_order, body=order)
    with receiver(gateway.SIGN_KEY) as (address, deliveries):
        gateway.control("/webhook", url=address)
        gateway.control("/pay", orderNo=order.order_no, amount=str(made.paying_amount))
        headers, body = deliveries.get(timeout=DELIVERY_SECONDS)
        wait_until_acknowledged(address)
        gateway.control("/webhook", url=None)
    assert webhook.is_genuine(gateway.SIGN_KEY, headers, body), "the delivery is not genuine"
    changed = body.replace(b"PAID", b"PAIE")
    assert changed != body and not webhook.is_genuine(gateway.SIGN_KEY, headers, changed), "a changed byte is accepted"
    late = int(headers["TIMESTAMP"]) + webhook.TOLERANCE_MS + 1
    assert not webhook.is_genuine(gateway.SIGN_KEY, headers, body, now=late), "an old timestamp is accepted"
    event = webhook.read(body)
    assert event.event_type == "CHECKOUT_ORDER_CHANGED", event
    assert (event.data.order_no, event.data.order_status) == (order.order_no, "PAID"), event


def wait_until_acknowledged(address: str) -> None:
    deadline = time.monotonic() + DELIVERY_SECONDS
    while time.monotonic() < deadline:
        if [delivery["state"] for delivery in gateway.status()["deliveries"] if delivery["url"] == address] == [
            "delivered"
        ]:
            return
        time.sleep(0.02)
    raise AssertionError("the delivery was not acknowledged")
