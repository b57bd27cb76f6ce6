package stablelink;

import static java.nio.charset.StandardCharsets.*;
import java.io.*;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.*;
import okio.*;
import stablelink.client.api.AuthenticationApi;
import stablelink.client.model.*;

/** Signs what leaves, with the one token, which processes share in a file. `held` is what this one thinks it is. */
record Auth(AuthenticationApi tokens, String apiKey, String apiSecret, String signKey, File file, AtomicReference<String> held)
    implements Interceptor {
    public Response intercept(Chain chain) throws IOException {
        String token = held.get() == null ? token(null) : held.get();
        Response answer = chain.proceed(signed(chain.request(), token));
        if (answer.code() != 401) return answer;
        answer.close();
        return chain.proceed(signed(chain.request(), token(token)));
    }
    Request signed(Request request, String token) throws IOException {
        RequestBody body = request.body();
        Buffer bytes = new Buffer();
        if (body != null && !("" + body.contentType()).startsWith("multipart/")) body.writeTo(bytes);
        String time = "" + System.currentTimeMillis(), query = request.url().encodedQuery();
        byte[] text = message(request.method(), time, request.url().encodedPath(), decoded(query == null ? "" : query), bytes.readByteArray());
        return request.newBuilder().header("Authorization", "Bearer " + token)
            .header("TIMESTAMP", time).header("SIGNATURE", sign(signKey, text)).build();
    }
    static byte[] message(String method, String time, String path, byte[] query, byte[] body) {
        return new Buffer().writeUtf8(method.toUpperCase(java.util.Locale.ROOT) + time + path).write(query).write(body).readByteArray();
    }
    static byte[] decoded(String query) { // through Latin-1, byte by byte: what was escaped need not be UTF-8
        String bytes = new String(query.getBytes(UTF_8), ISO_8859_1).replaceAll("%(?!\\p{XDigit}{2})", "%25");
        return java.net.URLDecoder.decode(bytes.replace("+", "%2B"), ISO_8859_1).getBytes(ISO_8859_1);
    }
    static String sign(String key, byte[] text) { return ByteString.of(text).hmacSha512(ByteString.encodeUtf8(key)).base64(); }
    synchronized String token(String refused) throws IOException { // a file's lock holds back processes, not threads
        try (var shared = new RandomAccessFile(file, "rwd"); var lock = shared.getChannel().lock()) {
            AccessToken token = AccessToken.fromJson(shared.readLine());
            if (token == null || token.getAccessToken().equals(refused)) {
                if (token != null) token = ask("refresh_token", null, null, token.getRefreshToken());
                if (token == null) token = ask("client_credentials", apiKey, apiSecret, null);
                if (token == null) throw new IOException("the gateway gives no token for these credentials");
                shared.setLength(0);
                shared.writeBytes(token.toJson());
            }
            held.set(token.getAccessToken());
            return held.get();
        }
    }
    private AccessToken ask(String grant, String key, String secret, String refresh) {
        try {
            Object answer = tokens.issueAccessToken(grant, key, secret, refresh).getActualInstance();
            return answer instanceof AccessTokenEnvelope envelope ? envelope.getRetdata() : (AccessToken) answer;
        } catch (Exception e) { return null; } // never told: what it quotes may hold a token
    }
    public String toString() { return "Auth"; } // a record would print its secrets
}
