package stablelink;

import static stablelink.Gateway.data;
import static stablelink.Gateway.read;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
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
import stablelink.client.model.CreateUserRequest;
import stablelink.client.model.CreatedCheckoutOrder;
import stablelink.client.model.ExchangeRate;
import stablelink.client.model.GetExchangeRateRequest;
import stablelink.client.model.IntegerOrText;
import stablelink.client.model.SimulateEventRequest;
import stablelink.client.model.Trade;
import stablelink.provisional.api.FileApi;
import stablelink.provisional.model.CheckoutOrderChange;
import stablelink.provisional.model.CreateFeeConfigRequest;
import stablelink.provisional.model.CreateTradeRequest;
import stablelink.provisional.model.UploadedFile;
import stablelink.provisional.model.User;

/** Runs the steps that tests/interop/README.md specifies. */
final class Flow {
    private final Report report = new Report("flow");
    private final Gateway gateway;
    private final CheckoutApi checkout;
    private CreatedCheckoutOrder order;
    private String fileId;

    Flow(Gateway gateway) {
        this.gateway = gateway;
        checkout = new CheckoutApi(gateway.client);
    }

    boolean run() {
        report.check("token", this::token);
        report.check("refresh", this::refresh);
        report.check("exchange-rate", this::exchangeRate);
        report.check("create-user", this::createUser);
        report.check("create-order", this::createOrder);
        report.check("order-info", this::orderInfo);
        report.check("simulate", this::simulate);
        report.check("upload", this::upload);
        report.check("trade", this::trade);
        report.check("webhook", this::webhook);
        report.check("error-envelope", this::errorEnvelope);
        report.check("shared-token", this::sharedToken);
        return report.passed();
    }

    private void token() throws Exception {
        Report.same("bytes in the token file at first", 0L, gateway.auth.file().length());
        String token = gateway.auth.token(null);
        Report.same("grants", List.of("client_credentials"), gateway.recorder.grants());
        Report.require(isInFile(token), "the token is not in the file");
        Report.require(gateway.auth.token(null).equals(token), "the token in the file is not used");
    }

    private void refresh() throws Exception {
        String old = gateway.auth.token(null);
        String fresh = gateway.auth.token(old);
        Report.same("grants", List.of("client_credentials", "refresh_token"), gateway.recorder.grants());
        Report.require(!fresh.equals(old), "the token did not change");
        Report.require(isInFile(fresh), "the token is not in the file");
        Request request = new Request.Builder().url(gateway.url + "/checkout/order/info?orderNo=A1").build();
        Report.same("HTTP status with the old token", 401, status(gateway.auth.signed(request, old)));
        Report.same("HTTP status with the new token", 200, status(gateway.auth.signed(request, fresh)));
    }

    private void exchangeRate() throws Exception {
        var call = new TradeApi(gateway.client).getExchangeRateCall(new GetExchangeRateRequest()
            .sellCurrency("USDT")
            .buyCurrency("USD")
            .amount(new BigDecimal("358.79")), null);
        var rate = read(call, ExchangeRate.class).need("channelRate", "rateExpiryTime").value();
        Report.same("sellCurrency", "USDT", rate.getSellCurrency());
        Report.require(rate.getChannelRate().signum() > 0, "channelRate is " + rate.getChannelRate());
        // UTC+8 is inferred, and the sandbox uses it. A quote is valid for less than an hour.
        LocalDateTime end = rate.getRateExpiryTime();
        LocalDateTime now = LocalDateTime.now(ZoneOffset.ofHours(8));
        Report.require(end.isAfter(now.minusMinutes(1)) && end.isBefore(now.plusHours(1)), "the rate expires at " + end);
    }

    private void createUser() throws Exception {
        var call = new UserApi(gateway.client).createUserCall(new CreateUserRequest()
            .email("interop@example.com")
            .fullName("Interop Limited")
            .country("VGB")
            .clientType(new IntegerOrText(4L))
            .mobileNumber("+65 11918612760")
            .dateOfBirth(LocalDate.of(1988, 8, 5)), null);
        Report.same("email", "interop@example.com", read(call, User.class).value().getEmail());
    }

    private void createOrder() throws Exception {
        var created = read(checkout.createCheckoutOrderCall(newOrder("688.09"), null), CreatedCheckoutOrder.class);
        order = created.need("orderNo", "payingAmount", "depositAddress").value();
        Report.require(!order.getDepositAddress().equals("-1"), "the token is not enabled: the order cannot be paid");
        Report.require(order.getPayingAmount().signum() > 0, "payingAmount is " + order.getPayingAmount());
    }

    private void orderInfo() throws Exception {
        CheckoutOrder found = info(order.getOrderNo());
        Report.same("orderNo", order.getOrderNo(), found.getOrderNo());
        Report.same("orderStatus", "PAYING", found.getOrderStatus());
        Report.same("orderAmount", new BigDecimal("688.09"), found.getOrderAmount());
        Report.require(found.getCreatedTime() != null, "createdTime is missing");
        // Values and fields that are not in the document are kept, and are no error.
        JsonObject later = JsonParser.parseString(found.toJson()).getAsJsonObject();
        later.addProperty("orderStatus", "NOT_KNOWN_YET");
        later.addProperty("fee", new BigDecimal("12345678901234567890.12"));
        CheckoutOrder read = CheckoutOrder.fromJson(later.toString());
        Report.same("unknown status", "NOT_KNOWN_YET", read.getOrderStatus());
        Report.same("unknown field", "12345678901234567890.12", String.valueOf(read.getAdditionalProperty("fee")));
    }

    private void simulate() throws Exception {
        data(new WebhookApi(gateway.client).simulateEventCall(new SimulateEventRequest()
            .event("PAYMENT_REQUEST_CHANGED")
            .remark("interop")
            .developClientId("1")
            .paymentRequestDTO(new Trade()
                .id(1L)
                .txNo("TR20250101000000000001")
                .clientId(1L)
                .requestId("interop-1")
                .fromCurrency("USDT")
                .toCurrency("USD")
                .amount(new BigDecimal("0.00"))
                .reallyAmount(new BigDecimal("0.00"))
                .requestType(new IntegerOrText("OnRamp"))
                .status("Pending")
                .createdAt(LocalDateTime.of(2026, 3, 30, 19, 18, 8))
                .network("ethereum")), null));
        String sent = gateway.recorder.last().request();
        Report.require(sent.contains("\"amount\":0.00,"), "the zeros of 0.00 were dropped");
        Report.require(sent.contains("\"2026-03-30 19:18:08\""), "createdAt does not have the documented format");
    }

    private void upload() throws Exception {
        File receipt = File.createTempFile("receipt", ".txt");
        try {
            Files.writeString(receipt.toPath(), "Receipt of the interop program, größer als ASCII\n");
            var file = read(new FileApi(gateway.provisional).uploadFileCall(receipt, 1L, null), UploadedFile.class);
            fileId = String.valueOf(file.need("fileId").value().getFileId().getActualInstance());
        } finally {
            Files.delete(receipt.toPath());
        }
    }

    private void trade() throws Exception {
        var newUser = new stablelink.provisional.api.UserApi(gateway.provisional).createUserCall(
            new stablelink.provisional.model.CreateUserRequest()
                .email("trader@example.com")
                .fullName("Trader Limited")
                .country("VGB"), null);
        long clientId = read(newUser, User.class).need("id").value().getId();

        var trades = new stablelink.provisional.api.TradeApi(gateway.provisional);
        data(trades.createFeeConfigCall(new CreateFeeConfigRequest()
            .clientId(clientId)
            .developerFixAmount(new BigDecimal("0.50"))
            .developerRate(new BigDecimal("0.01")), null));

        String requestId = UUID.randomUUID().toString();
        var newTrade = trades.createTradeCall(new CreateTradeRequest()
            .requestId(requestId)
            .clientId(clientId)
            .requestType(new stablelink.provisional.model.IntegerOrText(1L))
            .fromCurrency("USD")
            .toCurrency("USDC")
            .amount(new BigDecimal("120.10"))
            .fileId(new stablelink.provisional.model.IntegerOrText(fileId)), null);
        var trade = read(newTrade, stablelink.provisional.model.Trade.class).need("txNo").value();
        var found = read(trades.getTradeCall(requestId, null), stablelink.provisional.model.Trade.class).need("amount").value();
        Report.same("txNo", trade.getTxNo(), found.getTxNo());
        Report.same("amount", "120.10", found.getAmount().toPlainString());
        Report.require(found.getCreatedAt() != null, "createdAt is missing");
    }

    private void webhook() throws Exception {
        try (Webhook receiver = new Webhook(gateway.signKey)) {
            gateway.control("webhook", Map.of("url", receiver.url()));
            gateway.control("pay", Map.of("orderNo", order.getOrderNo(), "amount", order.getPayingAmount()));
            Webhook.Delivery delivery = receiver.next();
            Report.same("eventType", "CHECKOUT_ORDER_CHANGED", delivery.eventType());
            CheckoutOrderChange change = delivery.data(CheckoutOrderChange.class).need("orderNo", "orderStatus").value();
            Report.same("orderNo", order.getOrderNo(), change.getOrderNo());
            Report.same("orderStatus", "PAID", change.getOrderStatus());

            long sent = Long.parseLong(delivery.timestamp());
            long late = sent + Webhook.TOLERANCE_MS + 1;
            Report.require(Webhook.accepts(gateway.signKey, delivery, sent), "the delivery is rejected");
            Report.require(!Webhook.accepts(gateway.signKey, delivery.changed(), sent), "a changed byte is accepted");
            Report.require(!Webhook.accepts(gateway.signKey, delivery, late), "an old timestamp is accepted");
        }
    }

    private void errorEnvelope() throws Exception {
        var request = newOrder("1.00");
        try {
            data(checkout.createCheckoutOrderCall(request.orderNo(request.getOrderNo() + " 2"), null));
        } catch (CallError error) {
            Report.same("outcome", CallError.Outcome.REJECTED, error.outcome);
            Report.same("HTTP status", 200, gateway.recorder.last().status());
            Report.same("retcode", "00008", error.retcode);
            return;
        }
        throw new AssertionError("an order number with a space was accepted");
    }

    private void sharedToken() throws Exception {
        List<String> grants = gateway.recorder.grants();
        int before = gateway.recorder.count();
        refreshInOtherProcess();
        info(order.getOrderNo());
        List<Integer> statuses = gateway.recorder.since(before).stream().map(Recorder.Exchange::status).toList();
        Report.same("HTTP statuses", List.of(401, 200), statuses);
        Report.same("token requests of this process", grants, gateway.recorder.grants());
    }

    private static void refreshInOtherProcess() throws Exception {
        String java = ProcessHandle.current().info().command().orElse("java");
        int code = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Main.class.getName(), "refresh")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()
            .waitFor();
        Report.same("exit code of refresh", 0, code);
    }

    static CreateCheckoutOrderRequest newOrder(String amount) {
        return new CreateCheckoutOrderRequest()
            .orderNo(unique())
            .orderAmount(new BigDecimal(amount))
            .customerId("6")
            .merchantId("1")
            .token("ETH_USDT")
            .fiat("USD")
            .expiredIn(2000L);
    }

    /** Returns a unique identifier of letters and digits. */
    static String unique() {
        return UUID.randomUUID().toString().replace("-", "");
    }

    private CheckoutOrder info(String orderNo) throws Exception {
        return read(checkout.getCheckoutOrderCall(orderNo, null), CheckoutOrder.class).need("orderStatus").value();
    }

    private int status(Request request) throws IOException {
        try (Response response = gateway.plain.newCall(request).execute()) {
            return response.code();
        }
    }

    private boolean isInFile(String token) throws IOException {
        return Files.readString(gateway.auth.file().toPath()).contains(token);
    }
}
