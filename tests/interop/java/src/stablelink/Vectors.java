package stablelink;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import okio.ByteString;

/** Reproduces and verifies every vector with the code of {@link Auth} and {@link Webhook}. */
final class Vectors {
    private final Report report = new Report("vectors");
    private final Map<String, String> keys = new HashMap<>();
    private final Map<String, JsonObject> messages = new HashMap<>();
    private final JsonObject file;

    Vectors(Path path) throws IOException {
        file = JsonParser.parseString(Files.readString(path)).getAsJsonObject();
    }

    boolean run() {
        for (JsonElement key : file.getAsJsonArray("keys")) {
            keys.put(text(key.getAsJsonObject(), "name"), text(key.getAsJsonObject(), "value"));
        }
        for (JsonElement each : file.getAsJsonArray("signatures")) {
            JsonObject vector = each.getAsJsonObject();
            messages.put(text(vector, "id"), vector);
            report.check(text(vector, "id"), () -> reproduce(vector));
        }
        for (JsonElement each : file.getAsJsonArray("rejections")) {
            JsonObject rejection = each.getAsJsonObject();
            report.check(text(rejection, "id"), () -> reject(rejection));
        }
        int index = 0;
        for (JsonElement each : file.getAsJsonArray("timestamps")) {
            JsonObject timestamp = each.getAsJsonObject();
            String text = text(timestamp, "text");
            report.check("timestamps/" + index++,
                () -> Report.same(text, timestamp.get("valid").getAsBoolean(), Webhook.isTimestamp(text)));
        }
        JsonObject freshness = file.getAsJsonObject("freshness");
        long tolerance = freshness.get("tolerance_ms").getAsLong();
        index = 0;
        for (JsonElement each : freshness.getAsJsonArray("cases")) {
            JsonObject instance = each.getAsJsonObject();
            report.check("freshness/" + index++, () -> Report.same(text(instance, "timestamp"),
                text(instance, "result").replace('-', '_').toUpperCase(Locale.ROOT),
                Webhook.age(text(instance, "timestamp"), Long.parseLong(text(instance, "now")), tolerance).name()));
        }
        return report.passed();
    }

    private void reproduce(JsonObject vector) {
        ByteString message = message(vector);
        Report.require(octets(vector, "string_to_sign").equals(message), "the string to sign differs");
        String key = keys.get(text(vector, "key"));
        String signature = text(vector, "signature");
        Report.same("signature", signature, Auth.sign(key, message));
        Report.require(Webhook.authentic(key, text(vector, "timestamp"), message, signature), "not verified");
    }

    private void reject(JsonObject rejection) {
        JsonObject forged = messages.get(text(rejection, "of")).deepCopy();
        for (String header : new String[] {"timestamp", "signature"}) {
            if (rejection.has(header)) {
                forged.add(header, rejection.get(header));
            }
        }
        Report.require(!Webhook.authentic(keys.get(text(forged, "key")), text(forged, "timestamp"), message(forged),
            text(forged, "signature")), "accepted, although " + text(rejection, "why"));
    }

    private static ByteString message(JsonObject vector) {
        boolean signed = !vector.has("body_signed") || vector.get("body_signed").getAsBoolean();
        ByteString body = signed ? octets(vector, "body") : ByteString.EMPTY;
        String timestamp = String.valueOf(text(vector, "timestamp"));
        return switch (text(vector, "kind")) {
            case "request", "response-to" -> Auth.message(text(vector, "method"), timestamp, text(vector, "path"),
                query(text(vector, "query"), text(vector, "query_form")), body);
            case "webhook", "response" -> Auth.message("", timestamp, "", ByteString.EMPTY, body);
            default -> throw new AssertionError("unknown kind " + text(vector, "kind"));
        };
    }

    private static ByteString query(String query, String form) {
        return switch (form) {
            case "decoded" -> Auth.decoded(query);
            case "decoded-with-mark" -> query.isEmpty() ? ByteString.EMPTY : Auth.decoded("?" + query);
            case "encoded-sorted" -> encodedSorted(query);
            default -> throw new AssertionError("unknown form " + form);
        };
    }

    /** The form of the vendor's Go client. {@link Auth} does not use it. */
    private static ByteString encodedSorted(String query) {
        return ByteString.encodeUtf8(Arrays.stream(query.split("&"))
            .filter(pair -> !pair.isEmpty())
            .map(pair -> Arrays.copyOf(pair.split("=", 2), 2))
            .map(pair -> new String[] {plain(pair[0]), plain(pair[1] == null ? "" : pair[1])})
            .sorted(Comparator.comparing((String[] pair) -> pair[0]))
            .map(pair -> escaped(pair[0]) + "=" + escaped(pair[1]))
            .collect(Collectors.joining("&")));
    }

    /** Decodes to one character per byte, so that strings are ordered like bytes. */
    private static String plain(String part) {
        return Auth.decoded(part.replace('+', ' ')).string(ISO_8859_1);
    }

    private static String escaped(String plain) {
        return URLEncoder.encode(plain, ISO_8859_1).replace("*", "%2A").replace("%7E", "~");
    }

    private static ByteString octets(JsonObject vector, String name) {
        return vector.has(name)
            ? ByteString.encodeUtf8(text(vector, name))
            : ByteString.decodeBase64(text(vector, name + "_base64"));
    }

    private static String text(JsonObject object, String name) {
        return object.get(name).isJsonNull() ? null : object.get(name).getAsString();
    }
}
