package stablelink;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import okhttp3.Request;
import okhttp3.Response;
import stablelink.client.api.CheckoutApi;
import stablelink.client.api.TradeApi;
import stablelink.client.api.UserApi;
import stablelink.client.api.WebhookApi;
import stablelink.client.model.CheckoutOrder;
import stablelink.client.model.CreateCheckoutOrderRequest;
import stablelink.client.model.CreateSettlementOrderRequest;
import stablelink.client.model.CreateUserRequest;
import stablelink.client.model.CreatedCheckoutOrder;
import stablelink.client.model.GetExchangeRateRequest;
import stablelink.client.model.IntegerOrText;
import stablelink.client.model.SimulateEventRequest;
import stablelink.client.model.Trade;
import stablelink.provisional.api.FileApi;
import stablelink.provisional.model.CheckoutOrderEvent;
import stablelink.provisional.model.CreateFeeConfigRequest;
import stablelink.provisional.model.CreateTradeRequest;

/** Walks through the gateway, step by step as the README of the programs names them. */
final class Flow {
    private static final List<String> AMOUNTS = List.of("1000.233567", "12345678901234567890.12");

    private final Report flow = new Report("flow");
    private final Report money = new Report("money");
    private final Gateway gateway;
    private final CheckoutApi checkout;
    private final stablelink.provisional.api.CheckoutApi provisionalCheckout;
    private CreatedCheckoutOrder order;
    private IntegerOrText file;

    Flow(Gateway gateway) {
        this.gateway = gateway;
        checkout = new CheckoutApi(gateway.client);
        provisionalCheckout = new stablelink.provisional.api.CheckoutApi(gateway.provisional);
    }

    boolean run() {
        Wire.install();
        flow.check("token", this::token);
        flow.check("refresh", this::refresh);
        flow.check("exchange-rate", this::exchangeRate);
        flow.check("create-user", this::createUser);
        flow.check("create-order", this::createOrder);
        flow.check("order-info", this::orderInfo);
        flow.check("simulate", this::simulate);
        flow.check("upload", this::upload);
        flow.check("trade", this::trade);
        flow.check("webhook", this::webhook);
        flow.check("error-envelope", this::errorEnvelope);
        flow.check("shared-token", this::sharedToken);
        for (String amount : AMOUNTS) {
            money.check("number " + amount, () -> number(amount));
        }
        for (String amount : AMOUNTS) {
            money.check("text " + amount, () -> text(amount));
        }
        return flow.passed() && money.passed();
    }

    private void token() throws Exception {
        Report.same("token file at first", 0L, gateway.auth.file().length());
        String token = gateway.auth.token(null);
        Report.same("grants", List.of("client_credentials"), gateway.recorder.grants());
        Report.holds(written(token), "the token is not in the file");
        Report.holds(gateway.auth.token(null).equals(token), "the token is not kept");
    }

    private void refresh() throws Exception {
        String old = gateway.auth.token(null);
        String fresh = gateway.auth.token(old);
        Report.same("grants", List.of("client_credentials", "refresh_token"), gateway.recorder.grants());
        Report.holds(!fresh.equals(old), "the token did not change");
        Report.holds(written(fresh), "the token is not in the file");
        Request request = new Request.Builder().url(gateway.url + "/checkout/order/info?orderNo=A1").build();
        try (Response response = gateway.plain.newCall(gateway.auth.signed(request, old)).execute()) {
            Report.same("HTTP status for the old token", 401, response.code());
        }
    }

    private void exchangeRate() throws Exception {
        var envelope = new TradeApi(gateway.client).getExchangeRate(new GetExchangeRateRequest()
            .sellCurrency("USDT").buyCurrency("USD").amount(new BigDecimal("358.79")));
        var rate = Gateway.data(envelope.getRetcode().getActualInstance(), envelope.getRetmsg(), envelope.getRetdata());
        Report.same("sellCurrency", "USDT", rate.getSellCurrency());
        Report.holds(rate.getChannelRate().signum() > 0, "channelRate is " + rate.getChannelRate());
    }

    private void createUser() throws Exception {
        var envelope = new UserApi(gateway.client).createUser(new CreateUserRequest()
            .email("interop@example.com").fullName("Interop Limited").country("VGB").clientType(new IntegerOrText(4L))
            .mobileNumber("+65 11918612760").dateOfBirth(LocalDate.of(1988, 8, 5)));
        var user = (Map<?, ?>) Gateway.data(envelope.getRetcode().getActualInstance(), envelope.getRetmsg(), envelope.getRetdata());
        Report.same("email", "interop@example.com", user.get("email"));
    }

    private void createOrder() throws Exception {
        var envelope = checkout.createCheckoutOrder(newOrder("688.09"));
        order = Gateway.data(envelope.getRetcode().getActualInstance(), envelope.getRetmsg(), envelope.getRetdata());
        Report.holds(order.getDepositAddress() != null, "depositAddress is missing");
        Report.holds(!order.getDepositAddress().equals("-1"), "the token is not enabled: the order cannot be paid");
        Report.holds(order.getPayingAmount().signum() > 0, "payingAmount is " + order.getPayingAmount());
    }

    private void orderInfo() throws Exception {
        CheckoutOrder found = info(order.getOrderNo());
        Report.same("orderNo", order.getOrderNo(), found.getOrderNo());
        Report.same("orderStatus", "PAYING", found.getOrderStatus());
        Report.same("orderAmount", new BigDecimal("688.09"), found.getOrderAmount());
        var later = CheckoutOrder.fromJson(gateway.recorder.last().answer().replaceFirst("(?s).*\"retdata\":", "")
            .replaceFirst("(?s)}[^}]*}\\s*$", "}").replace("PAYING", "NOT_KNOWN_YET"));
        Report.same("a status to come", "NOT_KNOWN_YET", later.getOrderStatus());
    }

    private void simulate() throws Exception {
        var envelope = new WebhookApi(gateway.client).simulateEvent(new SimulateEventRequest()
            .event("PAYMENT_REQUEST_CHANGED").remark("interop").developClientId("1")
            .paymentRequestDTO(new Trade().id(1L).txNo("TR20250101000000000001").clientId(1L).requestId("interop-1")
                .fromCurrency("USDT").toCurrency("USD").amount(new BigDecimal("0.00")).reallyAmount(new BigDecimal("0.00"))
                .requestType(new IntegerOrText("OnRamp")).status("Pending").createdAt(LocalDateTime.of(2026, 3, 30, 19, 18, 8)).network("ethereum")));
        Gateway.data(envelope.getRetcode().getActualInstance(), envelope.getRetmsg(), null);
    }

    private void upload() throws Exception {
        File receipt = File.createTempFile("receipt", ".txt");
        try {
            Files.writeString(receipt.toPath(), "receipt of the interop program, größer als ASCII\n");
            var envelope = new FileApi(gateway.provisional).uploadFile(receipt, 1L);
            var uploaded = Gateway.data(envelope.getRetcode().getActualInstance(), envelope.getRetmsg(), envelope.getRetdata());
            file = IntegerOrText.fromJson(uploaded.getFileId().toJson());
        } finally {
            receipt.delete();
        }
        Report.holds(file != null, "fileId is missing");
    }

    private void trade() throws Exception {
        var made = new stablelink.provisional.api.UserApi(gateway.provisional).createUser(
            new stablelink.provisional.model.CreateUserRequest()
                .email("trader@example.com").fullName("Trader Limited").country("VGB"));
        var user = (Map<?, ?>) Gateway.data(made.getRetcode().getActualInstance(), made.getRetmsg(), made.getRetdata());
        long customer = ((BigDecimal) user.get("id")).longValueExact();
        var trades = new stablelink.provisional.api.TradeApi(gateway.provisional);
        var fee = trades.createFeeConfig(new CreateFeeConfigRequest()
            .clientId(customer).developerFixAmount(new BigDecimal("0.50")).developerRate(new BigDecimal("0.01")));
        Gateway.data(fee.getRetcode().getActualInstance(), fee.getRetmsg(), null);
        String requestId = UUID.randomUUID().toString();
        var asked = trades.createTrade(new CreateTradeRequest()
            .requestId(requestId).clientId(customer).requestType(new stablelink.provisional.model.IntegerOrText(1L))
            .fromCurrency("USD").toCurrency("USDC").amount(new BigDecimal("120.10")));
        var trade = Gateway.data(asked.getRetcode().getActualInstance(), asked.getRetmsg(), asked.getRetdata());
        Report.same("requestId", requestId, trade.getRequestId());
        Report.same("amount", "120.10", trade.getAmount().toPlainString());
        var envelope = trades.getTrade(requestId);
        var found = Gateway.data(envelope.getRetcode().getActualInstance(), envelope.getRetmsg(), envelope.getRetdata());
        Report.same("txNo", trade.getTxNo(), found.getTxNo());
    }

    private void webhook() throws Exception {
        try (Webhook receiver = new Webhook(gateway.signKey)) {
            JsonObject registration = new JsonObject();
            registration.addProperty("url", receiver.url());
            gateway.control("webhook", registration.toString());
            JsonObject payment = new JsonObject();
            payment.addProperty("orderNo", order.getOrderNo());
            payment.addProperty("amount", order.getPayingAmount());
            gateway.control("pay", payment.toString());
            Webhook.Delivery delivery = receiver.next();
            CheckoutOrderEvent event = CheckoutOrderEvent.fromJson(new String(delivery.body(), java.nio.charset.StandardCharsets.UTF_8));
            Report.same("eventType", "CHECKOUT_ORDER_CHANGED", event.getEventType());
            Report.same("orderNo", order.getOrderNo(), event.getData().getOrderNo());
            Report.same("orderStatus", "PAID", event.getData().getOrderStatus());

            long now = Long.parseLong(delivery.timestamp());
            Report.holds(Webhook.accepts(gateway.signKey, delivery, now), "the delivery itself is refused");
            byte[] forged = delivery.body().clone();
            forged[forged.length / 2] ^= 1;
            Report.holds(!Webhook.accepts(gateway.signKey,
                new Webhook.Delivery(delivery.timestamp(), delivery.signature(), forged), now), "a changed byte is taken");
            Report.holds(!Webhook.accepts(gateway.signKey, delivery, now + Webhook.TOLERANCE_MS + 1), "an old timestamp is taken");
        } finally {
            gateway.control("webhook", "{\"url\":null}");
        }
    }

    private void errorEnvelope() throws Exception {
        try {
            info("not an order");
        } catch (Gateway.Refused refused) {
            Report.same("HTTP status", 200, gateway.recorder.last().status());
            Report.same("retcode", "00008", refused.retcode);
            return;
        }
        throw new AssertionError("an order number with a blank is taken");
    }

    private void sharedToken() throws Exception {
        String old = gateway.auth.token(null);
        int grants = gateway.recorder.grants().size();
        int before = gateway.recorder.count();
        renewElsewhere();
        // The file is not asked first: what this process holds is the old token.
        info(order.getOrderNo());
        List<Recorder.Exchange> calls = gateway.recorder.since(before);
        Report.same("HTTP statuses", List.of(401, 200), calls.stream().map(Recorder.Exchange::status).toList());
        Report.same("token requests of this process", grants, gateway.recorder.grants().size());
        Report.holds(!gateway.auth.token(null).equals(old), "the other process did not renew the token");
    }

    private static void renewElsewhere() throws Exception {
        String java = ProcessHandle.current().info().command().orElse("java");
        int code = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Main.class.getName(), "renew")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()
            .waitFor();
        Report.same("exit code of renew", 0, code);
    }

    private void number(String amount) throws Exception {
        CreateCheckoutOrderRequest request = newOrder(amount);
        var made = checkout.createCheckoutOrder(request);
        Gateway.data(made.getRetcode().getActualInstance(), made.getRetmsg(), null);
        Report.same("as it was sent", new JsonPrimitive(new BigDecimal(amount)), member(gateway.recorder.last().request(), "orderAmount"));
        CheckoutOrder found = info(request.getOrderNo());
        Report.same("as the type holds it", amount, found.getOrderAmount().toPlainString());
    }

    private void text(String amount) throws Exception {
    }

    private boolean written(String token) throws IOException {
        return Files.readString(gateway.auth.file().toPath()).contains(token);
    }

    private CheckoutOrder info(String orderNo) throws Exception {
        var envelope = checkout.getCheckoutOrder(orderNo);
        return Gateway.data(envelope.getRetcode().getActualInstance(), envelope.getRetmsg(), envelope.getRetdata());
    }

    private static CreateCheckoutOrderRequest newOrder(String amount) {
        return new CreateCheckoutOrderRequest()
            .orderNo("J" + UUID.randomUUID().toString().replace("-", ""))
            .orderAmount(new BigDecimal(amount)).customerId("6").merchantId("1").token("ETH_USDT").fiat("USD").expiredIn(2000L);
    }

    private static JsonElement member(String json, String name) {
        return JsonParser.parseString(json).getAsJsonObject().get(name);
    }
}
