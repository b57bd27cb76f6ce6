package stablelink;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * A record of which some optional fields may not have their documented type.
 *
 * @param value the record without its unreadable fields
 * @param unreadable the values of the unreadable fields as received
 */
record Received<T>(T value, JsonObject readable, Map<String, JsonElement> unreadable) {
    /** An unreadable or missing field that decides about a payment. */
    static final class UnreadableField extends Exception {
        UnreadableField(String message) {
            super(message);
        }
    }

    /** An unreadable requested amount is an error: as a missing amount it could be taken for another one. */
    static boolean isRequestedAmount(String field) {
        return field.equals("amount") || field.equals("orderAmount");
    }

    /** An unreadable amount or status in a delivery is an error, so that it is delivered again. */
    static boolean isAmountOrStatus(String field) {
        return field.endsWith("mount") || field.endsWith("tatus");
    }

    /** Reads each field separately, because Gson reads nothing of a record with one unreadable field. */
    static <T> Received<T> read(JsonElement data, Class<T> type, Predicate<String> decides) throws UnreadableField {
        if (data == null || !data.isJsonObject()) {
            throw new UnreadableField("it is not an object");
        }
        JsonObject readable = new JsonObject();
        Map<String, JsonElement> unreadable = new HashMap<>();
        for (var field : data.getAsJsonObject().entrySet()) {
            JsonObject alone = new JsonObject();
            alone.add(field.getKey(), field.getValue());
            try {
                Wire.gson(type).fromJson(alone, type);
                readable.add(field.getKey(), field.getValue());
            } catch (RuntimeException failure) { // The adapters throw several kinds.
                if (decides.test(field.getKey()) && !field.getValue().toString().equals("\"\"")) {
                    throw new UnreadableField(field.getKey() + " is unreadable");
                }
                unreadable.put(field.getKey(), field.getValue());
            }
        }
        return new Received<>(Wire.gson(type).fromJson(readable, type), readable, unreadable);
    }

    /** Throws if one of these fields, which decide about a payment, is unreadable or missing. */
    Received<T> need(String... fields) throws UnreadableField {
        for (String field : fields) {
            if (unreadable.containsKey(field)) {
                throw new UnreadableField(field + " is unreadable");
            }
            if (!readable.has(field) || readable.get(field).isJsonNull()) {
                throw new UnreadableField(field + " is missing");
            }
        }
        return this;
    }
}
