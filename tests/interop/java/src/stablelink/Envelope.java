package stablelink;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import java.io.IOException;
import java.util.Set;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.Response;
import okhttp3.ResponseBody;

/** The body of a response. It has no fields if the body is not an object. */
record Envelope(JsonObject fields) {
    enum Verdict { SUCCESS, REJECTED, UNKNOWN }

    /** A server sends these statuses before it processes a request. A proxy may send any other 4xx after the gateway has processed it. */
    private static final Set<Integer> UNPROCESSED = Set.of(400, 401, 405, 413, 414, 415, 421, 425, 426, 429, 431);

    private static final Gson STRICT = new GsonBuilder().setStrictness(Strictness.STRICT).create();
    private static final long MAX_BODY = 16 << 20;

    /** Parses JSON without its byte order mark. Gson keeps the original text of numbers. */
    static Envelope parse(String body) {
        try {
            JsonObject fields = STRICT.fromJson(body.startsWith("\uFEFF") ? body.substring(1) : body, JsonObject.class);
            return new Envelope(fields == null ? new JsonObject() : fields);
        } catch (JsonParseException | ClassCastException other) {
            return new Envelope(new JsonObject());
        }
    }

    /** Returns the retcode as a string; null if it is neither a whole number nor a string that can be a code. */
    String retcode() {
        JsonElement retcode = fields.get("retcode");
        if (retcode == null || !retcode.isJsonPrimitive() || retcode.getAsJsonPrimitive().isBoolean()) {
            return null;
        }
        String form = retcode.getAsJsonPrimitive().isNumber() ? "[0-9]{1,64}" : "(?U)[^\\s\\p{Cntrl}]{1,64}";
        return retcode.getAsString().matches(form) ? retcode.getAsString() : null;
    }

    /** Classifies a response. The retcode decides. If the status or the field `success` contradicts it, the outcome is unknown. */
    Verdict classify(int status) {
        String retcode = retcode();
        JsonElement success = fields.get("success");
        boolean missing = success == null || success.isJsonNull();
        boolean flagged = !missing && Set.of("true", "\"true\"", "1").contains(success.toString());
        boolean ok = status >= 200 && status < 300;
        if (retcode == null) {
            return UNPROCESSED.contains(status) ? Verdict.REJECTED : Verdict.UNKNOWN;
        }
        if (retcode.equals("200")) {
            return ok && (flagged || missing) ? Verdict.SUCCESS : Verdict.UNKNOWN;
        }
        boolean rejected = ok && !flagged || status >= 400 && status < 500 && status != 408;
        return rejected ? Verdict.REJECTED : Verdict.UNKNOWN;
    }

    /** Returns whether a call may be sent again with another token. HTTP 401 with the retcode of a success is ambiguous. */
    static boolean isTokenRejected(Response response) throws IOException {
        return response.code() == 401 && parse(response.peekBody(MAX_BODY).string()).classify(401) == Verdict.REJECTED;
    }

    /** An access token with its refresh token, which is empty if there is none. */
    record Token(String access, String refresh) {
        @Override
        public String toString() {
            return "Token"; // The default would print the secrets.
        }
    }

    /** Sends a token request. Returns null if the gateway rejects the grant, and throws if there is no usable response. */
    static Token token(Call request) throws CallError {
        int status;
        Envelope envelope;
        try (Response response = request.execute()) {
            status = response.code();
            envelope = parse(response.body().string());
        } catch (IOException failure) { // Without the message, which may contain the URL with the secrets.
            throw CallError.of(CallError.Outcome.NOT_SENT, "the token request failed: " + failure.getClass().getSimpleName());
        }
        Verdict verdict = envelope.classify(status);
        if (verdict == Verdict.REJECTED) {
            return null;
        }
        JsonObject token = envelope.fields;
        if (verdict == Verdict.SUCCESS) {
            JsonElement data = token.get("retdata");
            token = data != null && data.isJsonObject() ? data.getAsJsonObject() : new JsonObject();
        } else if (status != 200 || token.has("retcode") && !token.get("retcode").isJsonNull()) {
            // One page shows a token without the envelope.
            throw CallError.of(CallError.Outcome.NOT_SENT, "the token request failed with HTTP " + status);
        }
        // Only the token itself must be readable: it is used until it is rejected.
        String access = string(token.get("access_token"));
        if (access.isEmpty()) {
            throw CallError.of(CallError.Outcome.NOT_SENT, "the response to the token request has no token");
        }
        return new Token(access, string(token.get("refresh_token")));
    }

    private static String string(JsonElement value) {
        return value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isString() ? value.getAsString() : "";
    }

    /** Throws a CallError for each response that is not a success. It must be the first interceptor. */
    static final class Check implements Interceptor {
        @Override
        public Response intercept(Chain chain) throws IOException {
            var request = chain.request();
            String body;
            Response response;
            try (Response received = chain.proceed(request)) {
                response = received;
                body = received.body().string();
            } catch (CallError failure) {
                throw failure;
            } catch (IOException failure) {
                throw CallError.unknown(request, "no response: " + failure.getClass().getSimpleName(), null);
            }
            Envelope envelope = parse(body);
            String retcode = envelope.retcode();
            String problem = "HTTP " + response.code()
                + (retcode == null ? " without the gateway's envelope" : ", retcode " + retcode + ": " + envelope.fields.get("retmsg"));
            Verdict verdict = envelope.classify(response.code());
            if (verdict == Verdict.SUCCESS && CallError.isForeign(request, envelope.fields.get("retdata"))) {
                throw CallError.unknown(request, "retdata may belong to another record", retcode);
            }
            return switch (verdict) {
                case SUCCESS -> response.newBuilder().body(ResponseBody.create(body, MediaType.get("application/json"))).build();
                case REJECTED -> throw CallError.of(CallError.Outcome.REJECTED, request, problem, retcode);
                case UNKNOWN -> throw CallError.unknown(request, problem, retcode);
            };
        }
    }
}
