package stablelink;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import okio.ByteString;
import stablelink.client.model.WebhookReply;

/** Receives deliveries on loopback, and acknowledges those with a valid signature and timestamp. */
final class Webhook implements AutoCloseable {
    static final long TOLERANCE_MS = 120_000;

    /** The two headers and the raw body, which are verified before parsing. */
    record Delivery(String timestamp, String signature, ByteString body) {
        String eventType() {
            return Envelope.parse(body.string(UTF_8)).fields().get("eventType").getAsString();
        }

        /** Reads the data of a verified delivery. Throws, so that it is delivered again, if an amount or a status is unreadable. */
        <T> Received<T> data(Class<T> type) throws Received.UnreadableField {
            try {
                return Received.read(Envelope.parse(body.string(UTF_8)).fields().get("data"), type, Received::isAmountOrStatus);
            } catch (Received.UnreadableField problem) {
                throw new Received.UnreadableField("data: " + problem.getMessage());
            }
        }

        /** Returns a copy with one flipped bit in the body. */
        Delivery changed() {
            byte[] bytes = body.toByteArray();
            bytes[bytes.length / 2] ^= 1;
            return new Delivery(timestamp, signature, ByteString.of(bytes));
        }
    }

    enum Age { FRESH, TOO_OLD, TOO_NEW }

    private final BlockingQueue<Delivery> verified = new LinkedBlockingQueue<>();
    private final HttpServer server;
    private final String signKey;

    Webhook(String signKey) throws IOException {
        this.signKey = signKey;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::receive);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/webhook";
    }

    /** Returns the next verified delivery. Fails after 20 seconds. */
    Delivery next() throws InterruptedException, IOException {
        Delivery delivery = verified.poll(20, TimeUnit.SECONDS);
        if (delivery == null) {
            throw new IOException("no delivery within 20 seconds");
        }
        return delivery;
    }

    static boolean accepts(String signKey, Delivery delivery, long now) {
        ByteString message = Auth.message("", String.valueOf(delivery.timestamp), "", ByteString.EMPTY, delivery.body);
        return authentic(signKey, delivery.timestamp, message, delivery.signature)
            && age(delivery.timestamp, now, TOLERANCE_MS) == Age.FRESH;
    }

    /** Returns whether the headers match the message, whatever their age. */
    static boolean authentic(String signKey, String timestamp, ByteString message, String signature) {
        return isTimestamp(timestamp)
            && signature != null
            && MessageDigest.isEqual(Auth.sign(signKey, message).getBytes(UTF_8), signature.getBytes(UTF_8));
    }

    /** Returns whether a string is milliseconds since the epoch: digits without leading zeros, at most 64 bits. */
    static boolean isTimestamp(String text) {
        return text != null && text.matches("0|[1-9][0-9]{0,19}") && new BigInteger(text).bitLength() <= 64;
    }

    static Age age(String timestamp, long now, long tolerance) {
        BigInteger off = BigInteger.valueOf(now).subtract(new BigInteger(timestamp));
        if (off.abs().compareTo(BigInteger.valueOf(tolerance)) <= 0) {
            return Age.FRESH;
        }
        return off.signum() > 0 ? Age.TOO_OLD : Age.TOO_NEW;
    }

    private void receive(HttpExchange exchange) throws IOException {
        var headers = exchange.getRequestHeaders();
        ByteString body = ByteString.of(exchange.getRequestBody().readAllBytes());
        var delivery = new Delivery(headers.getFirst("TIMESTAMP"), headers.getFirst("SIGNATURE"), body);
        boolean accepted = accepts(signKey, delivery, System.currentTimeMillis());
        try (exchange) {
            if (accepted) {
                byte[] reply = new WebhookReply().retcode(200L).retmsg("SUCCESS").toJson().getBytes(UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, reply.length);
                exchange.getResponseBody().write(reply);
            } else {
                exchange.sendResponseHeaders(401, -1);
            }
        }
        // Added after the response is sent, because the waiting code may stop the server.
        if (accepted) {
            verified.add(delivery);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
