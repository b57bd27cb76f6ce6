"""Makes records in the sandbox for requests to name: random ones would name none, and few requests be accepted."""

import httpx

from sandbox import ADDRESS, AUTH


def make() -> tuple[dict[str, list], dict[str, dict]]:
    """What parameters may be given, by the names that schemathesis.toml has for such a list; and bodies that are
    accepted, by operation, where no random one would be."""
    with httpx.Client(base_url=ADDRESS, auth=AUTH) as calls, httpx.Client(base_url=ADDRESS + "/_sandbox") as control:

        def call(path: str, **body):
            answer = calls.post(path, json=body).json()
            assert str(answer["retcode"]) == "200", f"{path}: {answer['retmsg']}"
            return answer.get("retdata")

        def steer(path: str, **body):
            return control.post(path, json=body).raise_for_status().json()

        def order(number: str) -> str:
            wanted = {"orderNo": number, "orderAmount": 100, "customerId": "6", "merchantId": "1", "token": "ETH_USDT"}
            call("/checkout/order/create", **wanted)
            return number

        client = steer("/customers")["clientId"]
        user = call("/user/create-user", email="sub@business.example", fullName="Holding Limited", country="VGB")
        trade = {"clientId": client, "requestType": 1, "amount": 120, "fromCurrency": "USD", "toCurrency": "USDC"}
        made = call("/trade/create-trade-request", requestId="trade", **trade)
        texts = ["Name", "Address", "BankName", "Account", "BankAddress"]
        account = {f"beneficiary{text}": "known" for text in texts}
        account |= {"beneficiaryBankCountry": "USA", "beneficiaryBankSwiftCode": "ABCDUS33", "bankType": "SWIFT"}
        account |= {"currency": "USD", "isIntermediaryRequired": False}
        remit = call("/remit/create-remit", requestId="remit", **account)
        deposit = steer("/deposit", clientId=client, currency="USDC", network="ethereum", amount="5")
        order("Paying")
        steer("/pay", orderNo=order("Paid"), amount="101")
        steer("/pay", orderNo=order("Over"), amount="150", txHash="0xOver")
        call("/checkout/refund/create", refundOrderNo="Refund", orderNo="Paid", amount=1)
        settlement = {"merchantId": "1", "token": "ETH_USDT", "address": "0x1", "amount": "1", "orderNos": ["Paid"]}
        call("/checkout/settlement/create", settlementOrderNo="Settlement", **settlement)

    fees = {"developerFixAmount": 0, "developerRate": 0.01}
    over = {"orderNo": "Over", "txHash": "0xOver", "token": "ETH_USDT"}
    dictionaries = {
        "clients": [client],
        "records": [remit["id"], deposit["id"]],
        "remits": [remit["id"]],
        "trades": [made["requestId"]],
        "transactions": [made["txNo"]],
        "api-keys": [AUTH.credentials["api_key"]],
        "api-secrets": [AUTH.credentials["api_secret"]],
    }
    bodies = {
        "createAbnormalPaymentRefund": {"refundOrderNo": "example", **over},
        "createFeeConfig": {"clientId": user["id"], **fees},
        "createRemit": {"requestId": "example", **account},
        "createSettlementOrder": {"settlementOrderNo": "example", **settlement},
        "createTrade": {"requestId": "another example", **trade},
        "submitSimpleKyb": {"clientId": client},
        "updateFeeConfig": {"clientId": client, **fees},
        "updateRemit": {"requestId": "third example", "id": remit["id"], **account},
    }
    return dictionaries, bodies
