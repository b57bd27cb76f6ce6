package stablelink;

import com.google.gson.Gson;
import com.google.gson.ToNumberPolicy;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/** Configures the generated classes to keep digits and local times, which Gson would change. */
final class Wire {
    private Wire() {}

    /** Must be called once before the first request: the settings of the generated code are static. */
    static void install() {
        stablelink.client.JSON.setGson(exact(stablelink.client.JSON.getGson()));
        stablelink.provisional.JSON.setGson(exact(stablelink.provisional.JSON.getGson()));
    }

    /** Returns the settings of a generated class. */
    static Gson gson(Class<?> type) {
        boolean published = type.getName().startsWith("stablelink.client.");
        return published ? stablelink.client.JSON.getGson() : stablelink.provisional.JSON.getGson();
    }

    private static Gson exact(Gson gson) {
        return gson.newBuilder()
            .registerTypeAdapter(BigDecimal.class, new Money())
            .registerTypeAdapter(String.class, new Text().nullSafe())
            .registerTypeAdapter(LocalDateTime.class, new LocalTime().nullSafe())
            // Numbers in fields that are not in the document. A double would lose digits.
            .setObjectToNumberStrategy(ToNumberPolicy.BIG_DECIMAL)
            .create();
    }

    /** Strings only: the adapter of Gson reads a number or a boolean as a string too. */
    private static final class Text extends TypeAdapter<String> {
        @Override
        public String read(JsonReader in) throws IOException {
            if (in.peek() != JsonToken.STRING) {
                throw new IllegalStateException("expected a string");
            }
            return in.nextString();
        }

        @Override
        public void write(JsonWriter out, String value) throws IOException {
            out.value(value);
        }
    }

    /** Times without a zone. Date and time are separated by a space or a T when read, and by a space when written. */
    private static final class LocalTime extends TypeAdapter<LocalDateTime> {
        private static final DateTimeFormatter WRITTEN = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

        @Override
        public LocalDateTime read(JsonReader in) throws IOException {
            return LocalDateTime.parse(in.nextString().replace(' ', 'T'));
        }

        @Override
        public void write(JsonWriter out, LocalDateTime value) throws IOException {
            out.value(value.format(WRITTEN));
        }
    }
}
