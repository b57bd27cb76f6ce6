package stablelink;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import okhttp3.MediaType;
import okhttp3.Request;
import okio.Buffer;

/** A failed call, with its outcome. */
final class CallError extends IOException {
    enum Outcome {
        /** There is no token, so that the call was not sent. */
        NOT_SENT("no token, so that nothing else was sent"),
        /** The gateway rejected the call, which had no effect. */
        REJECTED("rejected"),
        /** The call was sent, and it is unknown whether it took effect. */
        AMBIGUOUS("sent, but the outcome is unknown"),
        /** The gateway reported a success, but the record cannot be read. */
        UNREADABLE("the gateway reported a success"),
        /** A call that changes nothing failed. */
        FAILED("failed");

        private final String text;

        Outcome(String text) {
            this.text = text;
        }
    }

    /** The operations that change nothing. Any other one, even if it is a GET, may have taken effect if its outcome is unknown. */
    static final Set<String> READS = Set.of(
        "GET /checkout/order/info",
        "GET /checkout/refund/info",
        "GET /checkout/settlement/info",
        "GET /remit/get-remit-info",
        "GET /trade/get-deposit-address",
        "GET /trade/get-fee-config",
        "GET /trade/get-receive-transaction",
        "GET /trade/get-receive-transactions",
        "GET /trade/get-trade-list",
        "GET /trade/get-trade-request",
        "GET /trade/get-transaction",
        "GET /user/user-info",
        "POST /base/notification/event-page",
        "POST /checkout/abnormal-payment/list",
        "POST /checkout/order/list",
        "POST /checkout/refund/list",
        "POST /checkout/settlement/list",
        "POST /remit/remit-info-page",
        "POST /trade/exchange-rate");

    /** The operations whose record has the number of the request: a record without the number may be another one. */
    static final Set<String> NUMBERED = Set.of(
        "GET /checkout/order/info",
        "POST /checkout/abnormal-payment/refund",
        "POST /checkout/fiat-settlement/create",
        "POST /checkout/order/create",
        "POST /checkout/refund/create",
        "POST /checkout/settlement/create",
        "POST /trade/create-trade-request");

    /** The fields that identify the record of a request. A refund has an order number too, so that it is the last one. */
    private static final List<String> NUMBERS = List.of("settlementOrderNo", "refundOrderNo", "requestId", "orderNo");

    final Outcome outcome;
    /** The retcode, if the response has one. */
    final String retcode;
    /** The number by which the record of the request can be looked up, if it has one. */
    final String number;
    final boolean mayHaveTakenEffect;

    private CallError(Outcome outcome, String problem, String retcode, String number, boolean mayHaveTakenEffect, String lookup) {
        super(outcome.text + (mayHaveTakenEffect ? "; " + lookup : "") + ": " + problem);
        this.outcome = outcome;
        this.retcode = retcode;
        this.number = number;
        this.mayHaveTakenEffect = mayHaveTakenEffect;
    }

    /** Creates the error of a call that was not sent, or of a list. */
    static CallError of(Outcome outcome, String problem) {
        return new CallError(outcome, problem, null, null, false, "");
    }

    /** Creates the error of a request. */
    static CallError of(Outcome outcome, Request request, String problem, String retcode) throws IOException {
        boolean mayHaveTakenEffect = changes(request) && (outcome == Outcome.AMBIGUOUS || outcome == Outcome.UNREADABLE);
        for (String name : NUMBERS) {
            String number = value(request, name);
            if (number != null) {
                String lookup = "look it up by " + name + " " + number;
                return new CallError(outcome, problem, retcode, number, mayHaveTakenEffect, lookup);
            }
        }
        String lookup = "look up the record before sending it again";
        return new CallError(outcome, problem, retcode, null, mayHaveTakenEffect, lookup);
    }

    /** Creates the error of a request whose outcome is unknown. */
    static CallError unknown(Request request, String problem, String retcode) throws IOException {
        return of(changes(request) ? Outcome.AMBIGUOUS : Outcome.FAILED, request, problem, retcode);
    }

    /** Returns whether the record of a response has another number than its request, or lacks the number that it must have. */
    static boolean isForeign(Request request, JsonElement retdata) throws IOException {
        boolean isNumbered = NUMBERED.contains(operation(request));
        for (String name : NUMBERS) {
            String expected = value(request, name);
            if (expected != null) {
                if (retdata == null || !retdata.isJsonObject()) {
                    // The response to a create may be that of a cancellation. A read reports it as unreadable.
                    return isNumbered && changes(request);
                }
                if (retdata.getAsJsonObject().get(name) instanceof JsonPrimitive found) {
                    String text = found.getAsString();
                    if (found.isString()) {
                        return !text.equals(expected);
                    }
                    boolean isInteger = text.matches("-?\\d+");
                    if (isInteger && expected.matches("\\d+")) {
                        return !new BigInteger(text).equals(new BigInteger(expected));
                    }
                    // A record that is only read may have its number in another form.
                    if (isInteger && !changes(request)) {
                        return false;
                    }
                }
                return isNumbered;
            }
        }
        return false;
    }

    private static boolean changes(Request request) {
        return !READS.contains(operation(request));
    }

    private static String operation(Request request) {
        return request.method() + " " + request.url().encodedPath();
    }

    private static String value(Request request, String name) throws IOException {
        String value = request.url().queryParameter(name);
        MediaType type = request.body() == null ? null : request.body().contentType();
        if (value == null && type != null && type.subtype().equals("json")) {
            Buffer body = new Buffer();
            request.body().writeTo(body);
            JsonObject fields = Envelope.parse(body.readUtf8()).fields();
            JsonElement field = fields.get(name);
            value = field != null && field.isJsonPrimitive() ? field.getAsString() : null;
        }
        return value == null || value.isEmpty() ? null : value;
    }
}
