package stablelink;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

/** Reads lists. No list is documented: the names of the fields are inferred. */
final class Pages {
    private Pages() {}

    interface Load {
        /** Requests the page with this number and size, and returns its retdata. */
        JsonElement page(long number, long size) throws IOException;
    }

    /**
     * Passes the records of all pages to `record`. The list ends with its `total` records or its `pages`. Without these fields it
     * ends with an empty page: a short page is not the last one, because the gateway may limit the size of a page. Throws a
     * CallError if records are missing.
     */
    static void forEach(long size, Load load, Consumer<JsonElement> record) throws IOException {
        Set<String> seen = new HashSet<>();
        long count = 0;
        boolean wasEmpty = false;
        for (long number = 1; ; number++) {
            JsonElement page = load.page(number, size);
            JsonObject fields = page.isJsonObject() ? page.getAsJsonObject() : new JsonObject();
            JsonElement records = page.isJsonObject() ? fields.get("records") : page;
            if (records == null || !records.isJsonArray() && !records.isJsonNull()) {
                throw CallError.of(CallError.Outcome.UNREADABLE, "the page has no records");
            }
            JsonArray items = records.isJsonNull() ? new JsonArray() : records.getAsJsonArray();
            boolean isEmpty = items.isEmpty();
            if (!isEmpty && !seen.add(items.toString())) {
                throw CallError.of(CallError.Outcome.UNREADABLE, "the page has the records of an earlier page");
            }
            items.forEach(record);
            count += items.size();
            long total = whole(fields.get("total"));
            long pages = whole(fields.get("pages"));
            if (number == 1) {
                // If the gateway limits the size of a page, it may count pages by its own size.
                long own = whole(fields.get("pageSize"));
                own = own <= 0 && total <= 0 ? items.size() : own;
                size = own > 0 ? Math.min(size, own) : size;
            }
            // A gateway that does not count the records may send 0.
            boolean counted = total > 0 || total == 0 && isEmpty;
            boolean paged = pages > 0 || pages == 0 && isEmpty;
            if (counted && count >= total) {
                return;
            }
            if (counted && isEmpty && (wasEmpty || number >= (total + size - 1) / size)) {
                String problem = "the list ended after " + count + " of " + total + " records";
                throw CallError.of(CallError.Outcome.UNREADABLE, problem);
            }
            if (!counted && (paged ? number >= pages || isEmpty && wasEmpty : isEmpty)) {
                return;
            }
            wasEmpty = isEmpty;
        }
    }

    /** Returns a whole number, also from a string; -1 for any other value. */
    private static long whole(JsonElement value) {
        boolean whole = value != null && value.isJsonPrimitive() && value.getAsString().matches("[0-9]{1,18}");
        return whole ? Long.parseLong(value.getAsString()) : -1;
    }
}
