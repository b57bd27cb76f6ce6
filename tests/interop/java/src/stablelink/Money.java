package stablelink;

import com.google.gson.TypeAdapter;
import com.google.gson.internal.LazilyParsedNumber;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.math.BigDecimal;

/** Writes amounts with all digits, as a number or a string, never with an exponent. */
public class Money extends TypeAdapter<BigDecimal> {
    /** For fields that are strings. The profile of the generator adds it to the generated classes. */
    public static final class AsText extends Money {
        @Override
        void writeDigits(JsonWriter out, String digits) throws IOException {
            out.value(digits);
        }
    }

    @Override
    public BigDecimal read(JsonReader in) throws IOException {
        if (in.peek() == JsonToken.NULL) {
            in.nextNull();
            return null;
        }
        return new BigDecimal(in.nextString());
    }

    @Override
    public void write(JsonWriter out, BigDecimal value) throws IOException {
        if (value == null) {
            out.nullValue();
        } else {
            writeDigits(out, value.toPlainString());
        }
    }

    void writeDigits(JsonWriter out, String digits) throws IOException {
        // BigDecimal.toString would return 1E+3.
        out.value(new LazilyParsedNumber(digits));
    }
}
