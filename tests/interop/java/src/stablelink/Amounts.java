package stablelink;

import static stablelink.Gateway.data;
import static stablelink.Gateway.read;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.util.List;
import stablelink.client.api.CheckoutApi;
import stablelink.client.model.CheckoutOrder;
import stablelink.client.model.CreateCheckoutOrderRequest;
import stablelink.client.model.CreateSettlementOrderRequest;
import stablelink.provisional.model.SettlementOrder;

/** Sends and receives amounts digit for digit, as JSON numbers and as JSON strings. */
final class Amounts {
    private static final List<String> DIGITS = List.of("1000.233567", "12345678901234567890.12");

    private final Report report = new Report("money");
    private final Gateway gateway;
    private final CheckoutApi checkout;
    private final stablelink.provisional.api.CheckoutApi provisional;

    Amounts(Gateway gateway) {
        this.gateway = gateway;
        checkout = new CheckoutApi(gateway.client);
        provisional = new stablelink.provisional.api.CheckoutApi(gateway.provisional);
    }

    boolean run() {
        for (String digits : DIGITS) {
            report.check("number " + digits, () -> number(digits));
        }
        for (String digits : DIGITS) {
            report.check("string " + digits, () -> string(digits));
        }
        return report.passed();
    }

    private void number(String digits) throws Exception {
        CreateCheckoutOrderRequest request = Flow.newOrder(digits);
        data(checkout.createCheckoutOrderCall(request, null));
        wire("sent", digits, false, sent().getAsJsonPrimitive("orderAmount"));

        var order = read(checkout.getCheckoutOrderCall(request.getOrderNo(), null), CheckoutOrder.class).need("orderAmount").value();
        wire("received", digits, false, received().getAsJsonPrimitive("orderAmount"));
        Report.same("value in the generated type", digits, order.getOrderAmount().toPlainString());

        // The form on the wire does not depend on the scale of the value.
        String exponent = request.orderAmount(new BigDecimal("1E+3")).toJson();
        Report.require(exponent.contains("\"orderAmount\":1000,"), "sent with an exponent: " + exponent);
    }

    private void string(String digits) throws Exception {
        var order = Flow.newOrder("1.00");
        data(checkout.createCheckoutOrderCall(order, null));

        String number = Flow.unique();
        data(checkout.createSettlementOrderCall(new CreateSettlementOrderRequest()
            .settlementOrderNo(number)
            .merchantId("1")
            .token("ETH_USDT")
            .address("0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C")
            .amount(new BigDecimal(digits))
            .orderNos(List.of(order.getOrderNo())), null));
        wire("sent", digits, true, sent().getAsJsonPrimitive("amount"));

        var settlement = read(provisional.getSettlementOrderCall(number, null), SettlementOrder.class).need("amount").value();
        wire("received", digits, true, received().getAsJsonPrimitive("amount"));
        Report.same("value in the generated type", digits, settlement.getAmount().toPlainString());
    }

    /** Gson keeps the original text of a number. */
    private static void wire(String what, String digits, boolean quoted, JsonPrimitive found) {
        Report.same(what, quoted ? '"' + digits + '"' : digits, String.valueOf(found));
    }

    private JsonObject sent() {
        return JsonParser.parseString(gateway.recorder.last().request()).getAsJsonObject();
    }

    private JsonObject received() {
        return JsonParser.parseString(gateway.recorder.last().response()).getAsJsonObject().getAsJsonObject("retdata");
    }
}
