package stablelink;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Interceptor;
import okhttp3.Response;
import okio.Buffer;

/** Records requests and responses. Of a token request it records only the grant type. */
final class Recorder implements Interceptor {
    record Exchange(String path, String request, int status, String response) {}

    private final List<Exchange> exchanges = new CopyOnWriteArrayList<>();
    private final List<String> grants = new CopyOnWriteArrayList<>();

    @Override
    public Response intercept(Chain chain) throws IOException {
        var request = chain.request();
        String grant = request.url().queryParameter("grant_type");
        if (grant != null) {
            grants.add(grant);
            return chain.proceed(request);
        }
        Buffer sent = new Buffer();
        if (request.body() != null) {
            request.body().writeTo(sent);
        }
        Response response = chain.proceed(request);
        exchanges.add(new Exchange(
            request.url().encodedPath(), sent.readUtf8(), response.code(), response.peekBody(1 << 20).string()));
        return response;
    }

    List<String> grants() {
        return List.copyOf(grants);
    }

    int count() {
        return exchanges.size();
    }

    Exchange last() {
        return exchanges.get(exchanges.size() - 1);
    }

    List<Exchange> since(int count) {
        return List.copyOf(exchanges.subList(count, exchanges.size()));
    }
}
