"""Creates records in the sandbox that requests can refer to, so that only a broken rule makes a request invalid."""

import httpx

from sandbox import ADDRESS, AUTH

# The number of values for a field that accepts each value only once. Few operations need more.
ONCE = 150


def make() -> dict[str, dict]:
    """Returns three dictionaries.

    `dictionaries`: values for parameters, by the names of the dictionaries in schemathesis.toml.
    `bodies`: an accepted body for each operation. `once`: new values for fields that accept each value only once.
    """
    with httpx.Client(base_url=ADDRESS, auth=AUTH) as calls, httpx.Client(base_url=ADDRESS + "/_sandbox") as control:

        def call(path: str, **body):
            response = calls.post(path, json=body).json()
            assert str(response["retcode"]) == "200", f"{path}: {response['retmsg']}"
            return response.get("retdata")

        def control_call(path: str, **body):
            return control.post(path, json=body).raise_for_status().json()

        def user() -> int:
            return call("/user/create-user", **customer)["id"]

        def order(number: str, paid: str | None = None) -> str:
            call("/checkout/order/create", orderNo=number, **wanted)
            if paid is not None:
                control_call("/pay", orderNo=number, amount=paid, txHash=f"0x{number}")
            return number

        customer = {"email": "sub@business.example", "fullName": "Holding Limited", "country": "VGB", "clientType": 4}
        wanted = {"orderAmount": 100, "customerId": "6", "merchantId": "1", "token": "ETH_USDT", "expiredIn": 2000}
        client = control_call("/customers")["clientId"]
        trade = {"clientId": client, "requestType": 1, "amount": 120, "fromCurrency": "USD", "toCurrency": "USDC"}
        trade |= {"greenLinkVA": "No"}
        trades = [call("/trade/create-trade-request", requestId=f"trade{n}", **trade) for n in range(ONCE)]
        texts = ["Name", "Address", "BankName", "Account", "BankAddress"]
        account = {f"beneficiary{text}": "known" for text in texts}
        account |= {"beneficiaryBankCountry": "USA", "beneficiaryBankSwiftCode": "ABCDUS33", "bankType": "SWIFT"}
        account |= {"currency": "USD", "isIntermediaryRequired": False}
        remit = call("/remit/create-remit", requestId="remit", **account)["id"]
        deposit = control_call("/deposit", clientId=client, currency="USDC", network="ethereum", amount="5")["id"]
        order("Paying")
        paid = [order(f"Paid{n}", "101") for n in range(ONCE)]
        over = [order(f"Over{n}", "150") for n in range(ONCE)]
        call("/checkout/refund/create", refundOrderNo="Refund", orderNo=order("Paid", "101"), amount=1)
        settlement = {"merchantId": "1", "token": "ETH_USDT", "address": "0x1", "amount": "1", "orderNos": ["Paid"]}
        call("/checkout/settlement/create", settlementOrderNo="Settlement", **settlement)
        users = [user() for _ in range(ONCE)]

    fees = {"developerFixAmount": 0, "developerRate": 0.01}
    numbers = [f"Example{n}" for n in range(2 * ONCE)]
    refunded = {"orderNo": paid, "refundOrderNo": numbers}
    given_back = {"orderNo": over, "txHash": [f"0x{number}" for number in over], "refundOrderNo": numbers[ONCE:]}
    once = {
        "createAbnormalPaymentRefund": given_back,
        "createCheckoutOrder": {"orderNo": numbers},
        "createFeeConfig": {"clientId": users},
        "createFiatSettlementOrder": {"settlementOrderNo": numbers[ONCE:]},
        "createRefundOrder": refunded,
        "createRemit": {"requestId": numbers[:ONCE]},
        "createSettlementOrder": {"settlementOrderNo": numbers[:ONCE]},
        "createTrade": {"requestId": [f"trade {number}" for number in numbers]},
        "confirmTransaction": {"txNo": [trade["txNo"] for trade in trades[1:]]},
        "updateRemit": {"requestId": [f"update {number}" for number in numbers]},
    }
    others = {
        "createAbnormalPaymentRefund": {"token": "ETH_USDT", "remark": "known"},
        "createCheckoutOrder": {"fiat": "USD", **wanted},
        "createFeeConfig": fees,
        "createRefundOrder": {"amount": 1},
        "createRemit": account,
        "createSettlementOrder": settlement,
        "createTrade": trade,
        "createUser": customer,
        "getExchangeRate": {"sellCurrency": "USDT", "buyCurrency": "USD", "amount": 358.79, "clientId": client},
        "submitKyb": {"clientId": client, "email": "sub@business.example", "businessIndustry": ["311111"]},
        "submitSimpleKyb": {"clientId": client},
        "updateFeeConfig": {"clientId": client, **fees},
        "updateRemit": {"id": remit, **account},
    }
    first = {
        operation: {field: values[0] for field, values in fields.items()} for operation, fields in once.items()
    }
    return {
        "dictionaries": {
            "clients": [client],
            "deposits": [deposit],
            "remits": [remit],
            "trades": [trades[0]["requestId"]],
            "transactions": [trades[0]["txNo"]],
            "api-keys": [AUTH.credentials["api_key"]],
            "api-secrets": [AUTH.credentials["api_secret"]],
        },
        "bodies": {
            operation: first.get(operation, {}) | others.get(operation, {}) for operation in {**first, **others}
        },
        "once": once,
    }
