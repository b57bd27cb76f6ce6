package stablelink;

import static stablelink.Gateway.data;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.util.List;
import stablelink.client.api.CheckoutApi;
import stablelink.client.model.CreateCheckoutOrderRequest;
import stablelink.client.model.CreateSettlementOrderRequest;

/** Money goes out and comes back digit for digit, whether it is a number or a text on the wire. */
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
        var made = checkout.createCheckoutOrder(request);
        wire("sent", digits, false, sent().getAsJsonPrimitive("orderAmount"));
        data(made.getRetcode().getActualInstance(), made.getRetmsg(), made.getRetdata());

        var answer = checkout.getCheckoutOrder(request.getOrderNo());
        wire("answered", digits, false, answered().getAsJsonPrimitive("orderAmount"));
        var order = data(answer.getRetcode().getActualInstance(), answer.getRetmsg(), answer.getRetdata());
        Report.same("held", digits, order.getOrderAmount().toPlainString());

        // The same, however the caller came by it.
        String exponent = request.orderAmount(new BigDecimal("1E+3")).toJson();
        Report.holds(exponent.contains("\"orderAmount\":1000,"), "an exponent goes out: " + exponent);
    }

    private void string(String digits) throws Exception {
        var order = Flow.newOrder("1.00");
        var ordered = checkout.createCheckoutOrder(order);
        data(ordered.getRetcode().getActualInstance(), ordered.getRetmsg(), ordered.getRetdata());

        String number = Flow.unique();
        var made = checkout.createSettlementOrder(new CreateSettlementOrderRequest()
            .settlementOrderNo(number)
            .merchantId("1")
            .token("ETH_USDT")
            .address("0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C")
            .amount(new BigDecimal(digits))
            .orderNos(List.of(order.getOrderNo())));
        wire("sent", digits, true, sent().getAsJsonPrimitive("amount"));
        data(made.getRetcode().getActualInstance(), made.getRetmsg(), made.getRetdata());

        var answer = provisional.getSettlementOrder(number);
        wire("answered", digits, true, answered().getAsJsonPrimitive("amount"));
        var settlement = data(answer.getRetcode().getActualInstance(), answer.getRetmsg(), answer.getRetdata());
        Report.same("held", digits, settlement.getAmount().toPlainString());
    }

    /** Gson keeps a number as the text that stood there. */
    private static void wire(String what, String digits, boolean text, JsonPrimitive found) {
        Report.same(what, text ? '"' + digits + '"' : digits, String.valueOf(found));
    }

    private JsonObject sent() {
        return JsonParser.parseString(gateway.recorder.last().request()).getAsJsonObject();
    }

    private JsonObject answered() {
        return JsonParser.parseString(gateway.recorder.last().answer()).getAsJsonObject().getAsJsonObject("retdata");
    }
}
