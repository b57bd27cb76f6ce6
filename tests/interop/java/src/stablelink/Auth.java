package stablelink;
import static java.nio.charset.StandardCharsets.*;
import java.io.*;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.*;
import okio.*;
import stablelink.client.api.AuthenticationApi;
import stablelink.client.model.*;

/** Signs what leaves, but not the parts of a form, with the one token, which processes share in a file of two lines. */
record Auth(AuthenticationApi tokens, String key, String secret, String signKey, File file, AtomicReference<String> held)
    implements Interceptor {
    public Response intercept(Chain chain) throws IOException {
        String token = held.get() == null ? token(null) : held.get();
        Response answer = chain.proceed(signed(chain.request(), token));
        if (answer.code() != 401) return answer;
        answer.close();
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
    static ByteString decoded(String query) { // through Latin-1, byte by byte: what was escaped need not be UTF-8
        String bytes = new String(query.getBytes(UTF_8), ISO_8859_1).replaceAll("%(?!\\p{XDigit}{2})", "%25");
        return ByteString.encodeString(java.net.URLDecoder.decode(bytes.replace("+", "%2B"), ISO_8859_1), ISO_8859_1);
    }
    static String sign(String key, ByteString message) { return message.hmacSha512(ByteString.encodeUtf8(key)).base64(); }
    synchronized String token(String refused) throws IOException { // a file's lock holds back processes, not threads
        try (var shared = new RandomAccessFile(file, "rwd"); var lock = shared.getChannel().lock()) {
            String token = shared.readLine(), refresh = shared.readLine();
            if (token == null || token.equals(refused)) {
                AccessToken fresh = refresh == null ? null : ask("refresh_token", null, null, refresh);
                if (fresh == null) fresh = ask("client_credentials", key, secret, null);
                if (fresh == null) throw new IOException("the gateway gives no token for these credentials");
                shared.setLength(0);
                shared.writeBytes((token = fresh.getAccessToken()) + "\n" + fresh.getRefreshToken());
            }
            held.set(token);
            return token;
        }
    }
    private AccessToken ask(String grant, String apiKey, String apiSecret, String refreshToken) {
        try {
            Object answer = tokens.issueAccessToken(grant, apiKey, apiSecret, refreshToken).getActualInstance();
            return answer instanceof AccessTokenEnvelope envelope ? envelope.getRetdata() : (AccessToken) answer;
        } catch (Exception e) { return null; } // never told: what it quotes may hold a token
    }
    public String toString() { return "Auth"; } // a record would print its secrets
}
