package stablelink;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import stablelink.client.api.CheckoutApi;
import stablelink.client.model.AbnormalPayment;
import stablelink.client.model.CheckoutOrder;
import stablelink.client.model.CreatedCheckoutOrder;
import stablelink.provisional.model.CheckoutOrderChange;

/** Checks every case of responses.json with the code of the client and of the webhook receiver. */
final class Responses {
    private final Report report = new Report("responses");
    private final JsonObject table;

    Responses(Path file) throws IOException {
        table = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }

    boolean run() {
        report.check("reads", () -> Report.same("reads", new HashSet<>(texts(table, "reads")), CallError.READS));
        report.check("numbered", () -> Report.same("numbered", new HashSet<>(texts(table, "numbered")), CallError.NUMBERED));
        for (JsonElement each : table.getAsJsonArray("calls")) {
            JsonObject instance = each.getAsJsonObject();
            for (var outcome : instance.getAsJsonObject("outcomes").entrySet()) {
                String expected = outcome.getValue().getAsString();
                report.check(text(instance, "name") + "/" + outcome.getKey(), () -> call(instance, outcome.getKey(), expected));
            }
        }
        section("tokens", this::token);
        section("lists", this::list);
        section("deliveries", this::delivery);
        return report.passed();
    }

    private interface Case {
        void run(JsonObject instance) throws Exception;
    }

    private void section(String name, Case check) {
        for (JsonElement each : table.getAsJsonArray(name)) {
            JsonObject instance = each.getAsJsonObject();
            report.check(name + "/" + text(instance, "name"), () -> check.run(instance));
        }
    }

    /**
     * Sends the same response to each token request, and these responses, of which the last is repeated, to other requests.
     * `sent` contains the bodies of the other requests.
     */
    private record Canned(JsonObject token, List<JsonObject> responses, List<String> sent) implements Interceptor {
        Canned(JsonObject token, List<JsonObject> responses) {
            this(token, responses, new ArrayList<>());
        }

        Gateway gateway() throws IOException {
            Files.deleteIfExists(Path.of(System.getenv("STABLELINK_TOKEN_FILE")));
            return new Gateway(System.getenv(), this);
        }

        @Override
        public Response intercept(Chain chain) throws IOException {
            JsonObject response = token;
            if (!chain.request().url().encodedPath().endsWith("/oauth2/token")) {
                Buffer body = new Buffer();
                if (chain.request().body() != null) {
                    chain.request().body().writeTo(body);
                }
                sent.add(body.readUtf8());
                response = responses.get(Math.min(sent.size(), responses.size()) - 1);
            }
            if (response.get("status").isJsonNull()) {
                throw new IOException("closed");
            }
            return new Response.Builder()
                .request(chain.request())
                .protocol(Protocol.HTTP_1_1)
                .code(response.get("status").getAsInt())
                .message("")
                .body(ResponseBody.create(text(response, "body"), MediaType.get("application/json")))
                .build();
        }
    }

    private static JsonObject ok(String body) {
        JsonObject response = new JsonObject();
        response.addProperty("status", 200);
        response.addProperty("body", body);
        return response;
    }

    private static final JsonObject TOKEN = ok("{\"access_token\":\"token\"}");

    /** Makes a call and checks its record. */
    private static void make(Gateway gateway, String operation, JsonObject expected) throws Exception {
        var checkout = new CheckoutApi(gateway.client);
        String number = number(expected);
        switch (operation) {
            case "create" -> {
                var call = checkout.createCheckoutOrderCall(Flow.newOrder("1").orderNo(number), null);
                record(expected, Gateway.read(call, CreatedCheckoutOrder.class));
            }
            case "get" -> record(expected, Gateway.read(checkout.getCheckoutOrderCall(number, null), CheckoutOrder.class));
            case "cancel" -> Gateway.data(checkout.cancelCheckoutOrderCall(number, null));
            default -> throw new AssertionError("unknown operation " + operation);
        }
    }

    /** Returns the order number of the request. */
    private static String number(JsonObject instance) {
        return instance.has("number") ? text(instance, "number") : "A1";
    }

    private static void record(JsonObject expected, Received<?> found) {
        Class<?> type = found.value().getClass();
        JsonObject values = Wire.gson(type).toJsonTree(found.value()).getAsJsonObject();
        if (expected.has("fields")) {
            for (var field : expected.getAsJsonObject("fields").entrySet()) {
                Report.same(field.getKey(), canonical(field.getValue()), canonical(values.get(field.getKey())));
            }
        }
        Set<String> odd = new HashSet<>(texts(expected, "unreadable"));
        odd.addAll(texts(expected, "unreadable_times"));
        Report.same("unreadable", odd, found.unreadable().keySet());
        for (String name : odd) {
            try {
                found.need(name);
            } catch (Received.UnreadableField problem) {
                Report.same("problem", name + " is unreadable", problem.getMessage());
                continue;
            }
            throw new AssertionError(name + " is readable");
        }
    }

    /** Returns the text of a value, without the zeros at the end of a fraction. */
    private static String canonical(JsonElement value) {
        String text = value instanceof JsonPrimitive primitive ? primitive.getAsString() : String.valueOf(value);
        return text.contains(".") ? text.replaceAll("0+$", "") : text;
    }

    private static String name(CallError.Outcome outcome) {
        return outcome.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private void call(JsonObject instance, String operation, String expected) throws Exception {
        var canned = new Canned(TOKEN, List.of(instance));
        CallError failure = null;
        try {
            make(canned.gateway(), operation, instance);
        } catch (CallError error) {
            failure = error;
        }
        Report.same("outcome", expected, failure == null ? "success" : name(failure.outcome));
        boolean unauthorized = !instance.get("status").isJsonNull() && instance.get("status").getAsInt() == 401;
        // Only a rejected token is a reason to send a call again.
        Report.same("requests", unauthorized && expected.equals("rejected") ? 2 : 1, canned.sent.size());
        if (failure == null) {
            return;
        }
        boolean changes = !operation.equals("get");
        boolean mayHaveTakenEffect = expected.equals("ambiguous") || expected.equals("unreadable") && changes;
        Report.same("mayHaveTakenEffect", mayHaveTakenEffect, failure.mayHaveTakenEffect);
        String message = failure.getMessage();
        boolean isFound = number(instance).equals(failure.number) && message.contains("orderNo " + failure.number);
        Report.require(isFound || !mayHaveTakenEffect, "the error has no number: " + message);
        Report.require(!instance.has("retcode") || text(instance, "retcode").equals(failure.retcode), message);
        Report.require(!instance.has("path") || message.contains(text(instance, "path")), message);
    }

    private void token(JsonObject instance) throws Exception {
        var canned = new Canned(instance, List.of(ok("{\"retcode\":200,\"retdata\":{\"orderNo\":\"A1\"}}")));
        String found = "success";
        try {
            make(canned.gateway(), "create", new JsonObject());
        } catch (CallError error) {
            found = name(error.outcome);
            Report.require(!error.mayHaveTakenEffect && canned.sent.isEmpty(), "the call was sent");
            Report.require(error.getMessage().contains("nothing else was sent"), error.getMessage());
        }
        Report.same("outcome", text(instance, "outcome"), found);
    }

    private void list(JsonObject instance) throws Exception {
        List<JsonObject> pages = texts(instance, "pages").stream()
            .map(page -> ok("{\"retcode\":200,\"retdata\":" + page + "}"))
            .toList();
        var canned = new Canned(TOKEN, pages);
        var checkout = new stablelink.provisional.api.CheckoutApi(canned.gateway().provisional);
        List<JsonElement> records = new ArrayList<>();
        String found = "success";
        try {
            Pages.forEach(20, (number, size) -> {
                try {
                    return Gateway.data(checkout.listCheckoutOrdersCall(Map.of("pageNum", number, "pageSize", size), null));
                } catch (stablelink.provisional.ApiException invalid) {
                    throw new IOException(invalid);
                }
            }, records::add);
        } catch (CallError error) {
            found = name(error.outcome);
        }
        List<String> orders = new ArrayList<>();
        for (JsonElement each : records) {
            var order = Received.read(each, CheckoutOrder.class, Received::isRequestedAmount);
            orders.add(order.need("orderNo").value().getOrderNo());
        }
        Report.same("outcome", text(instance, "outcome"), found);
        Report.same("orders", texts(instance, "orders"), orders);
        JsonArray requests = new JsonArray();
        for (String body : canned.sent) {
            JsonObject fields = JsonParser.parseString(body).getAsJsonObject();
            JsonArray numbers = new JsonArray();
            numbers.add(fields.get("pageNum"));
            numbers.add(fields.get("pageSize"));
            requests.add(numbers);
        }
        Report.same("requests", instance.get("requests").toString(), requests.toString());
    }

    private void delivery(JsonObject instance) throws Exception {
        var delivery = new Webhook.Delivery(null, null, okio.ByteString.encodeUtf8(text(instance, "body")));
        boolean order = text(instance, "body").contains("CHECKOUT_ORDER_CHANGED");
        Class<?> type = order ? CheckoutOrderChange.class : AbnormalPayment.class;
        try {
            record(instance, delivery.data(type));
        } catch (Received.UnreadableField problem) {
            Report.same("outcome", text(instance, "outcome"), "unreadable");
            Report.require(problem.getMessage().contains(text(instance, "path")), problem.getMessage());
            return;
        }
        Report.same("outcome", text(instance, "outcome"), "success");
    }

    private static String text(JsonObject object, String name) {
        return object.get(name).getAsString();
    }

    private static List<String> texts(JsonObject object, String name) {
        List<String> texts = new ArrayList<>();
        if (object.has(name)) {
            object.getAsJsonArray(name).forEach(text -> texts.add(text.getAsString()));
        }
        return texts;
    }
}
