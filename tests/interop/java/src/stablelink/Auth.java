package stablelink;
import static java.nio.charset.StandardCharsets.*;
import java.io.*;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.*;
import okio.*;
import stablelink.client.api.AuthenticationApi;
import stablelink.client.ApiException;

/** Adds token and signature to requests. Processes share the only valid token in a file of two lines. */
record Auth(AuthenticationApi tokens, String key, String secret, String signKey, File file, AtomicReference<String> cached)
    implements Interceptor {
    public Response intercept(Chain chain) throws IOException {
        String token = cached.get() == null ? token(null) : cached.get();
        Response response = chain.proceed(signed(chain.request(), token));
        if (!Envelope.isTokenRejected(response)) return response;
        response.close();
        return chain.proceed(signed(chain.request(), token(token)));
    }
    Request signed(Request call, String token) throws IOException {
        Buffer body = new Buffer();
        if (call.body() != null && !("" + call.body().contentType()).startsWith("multipart/")) call.body().writeTo(body);
        String time = Long.toString(System.currentTimeMillis());
        ByteString query = decoded(call.url().encodedQuery() == null ? "" : call.url().encodedQuery());
        ByteString message = message(call.method(), time, call.url().encodedPath(), query, body.readByteString());
        return call.newBuilder().header("Authorization", "Bearer " + token)
            .header("TIMESTAMP", time).header("SIGNATURE", sign(signKey, message)).build();
    }
    static ByteString message(String method, String time, String path, ByteString query, ByteString body) {
        String head = method.toUpperCase(java.util.Locale.ROOT) + time + path;
        return new Buffer().writeUtf8(head).write(query).write(body).readByteString();
    }
    static ByteString decoded(String query) { // with Latin-1, because the escaped bytes may not be UTF-8
        String bytes = new String(query.getBytes(UTF_8), ISO_8859_1).replaceAll("%(?!\\p{XDigit}{2})", "%25");
        return ByteString.encodeString(java.net.URLDecoder.decode(bytes.replace("+", "%2B"), ISO_8859_1), ISO_8859_1);
    }
    static String sign(String key, ByteString message) { return message.hmacSha512(ByteString.encodeUtf8(key)).base64(); }
    synchronized String token(String rejected) throws IOException { // a file lock excludes processes, not threads
        try (var shared = new RandomAccessFile(file, "rwd"); var lock = shared.getChannel().lock()) {
            String token = shared.readLine(), refresh = shared.readLine();
            if (token == null || token.equals(rejected)) {
                Envelope.Token fresh = refresh == null ? null : request("refresh_token", null, null, refresh);
                if (fresh == null) fresh = request("client_credentials", key, secret, null);
                if (fresh == null) throw CallError.of(CallError.Outcome.NOT_SENT, "the gateway rejected the credentials");
                shared.setLength(0);
                shared.writeBytes((token = fresh.access()) + "\n" + fresh.refresh());
            }
            cached.set(token);
            return token;
        }
    }
    private Envelope.Token request(String grant, String apiKey, String apiSecret, String refreshToken) throws CallError {
        try {
            return Envelope.token(tokens.issueAccessTokenCall(grant, apiKey, apiSecret, refreshToken, null));
        } catch (ApiException invalid) { throw CallError.of(CallError.Outcome.NOT_SENT, "the token request is invalid"); }
    }
    public String toString() { return "Auth"; } // the default would print the secrets
}
