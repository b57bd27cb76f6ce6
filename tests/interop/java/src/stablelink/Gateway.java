package stablelink;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import stablelink.client.ApiClient;
import stablelink.client.api.AuthenticationApi;

/** The clients of both documents for the gateway in the environment. */
final class Gateway {
    private static final MediaType JSON = MediaType.get("application/json");

    final String url;
    final String signKey;
    final Recorder recorder = new Recorder();
    final OkHttpClient plain;
    final Auth auth;
    final ApiClient client;
    final stablelink.provisional.ApiClient provisional;

    Gateway(Map<String, String> environment) throws IOException {
        this(environment, chain -> chain.proceed(chain.request()));
    }

    /** The interceptor `network` sends the requests. */
    Gateway(Map<String, String> environment, Interceptor network) throws IOException {
        url = wanted(environment, "STABLELINK_ENV").replaceAll("/+$", "");
        signKey = wanted(environment, "STABLELINK_SIGN_KEY");
        // A redirect would send token, signature and body to another host; an automatic retry could pay twice.
        plain = new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .retryOnConnectionFailure(false)
            .build();
        OkHttpClient recorded = plain.newBuilder().addInterceptor(recorder).addInterceptor(network).build();
        auth = new Auth(
            new AuthenticationApi(new ApiClient(recorded).setBasePath(url)),
            wanted(environment, "STABLELINK_API_KEY"),
            wanted(environment, "STABLELINK_API_SECRET"),
            signKey,
            tokenFile(wanted(environment, "STABLELINK_TOKEN_FILE")),
            new AtomicReference<>());
        OkHttpClient signing = plain.newBuilder()
            .addInterceptor(new Envelope.Check())
            .addInterceptor(auth)
            .addInterceptor(recorder)
            .addInterceptor(network)
            .build();
        client = new ApiClient(signing).setBasePath(url);
        provisional = new stablelink.provisional.ApiClient(signing).setBasePath(url);
    }

    /**
     * Makes a call and returns its retdata. It takes the result of a generated method `...Call`: the others throw another error
     * for a payment that was made and whose record is unreadable.
     */
    static JsonElement data(Call call) throws IOException {
        try (Response response = call.execute()) {
            JsonElement data = Envelope.parse(response.body().string()).fields().get("retdata");
            return data == null ? JsonNull.INSTANCE : data;
        }
    }

    /** Makes a call and returns the record in its retdata. */
    static <T> Received<T> read(Call call, Class<T> type) throws IOException {
        try {
            return Received.read(data(call), type, Received::isRequestedAmount);
        } catch (Received.UnreadableField problem) {
            String text = "retdata: " + problem.getMessage();
            throw CallError.of(CallError.Outcome.UNREADABLE, call.request(), text, "200");
        }
    }

    /** Calls the control interface of the sandbox, which needs no token and no signature. */
    void control(String path, Map<String, ?> body) throws IOException {
        RequestBody json = RequestBody.create(new Gson().toJson(body), JSON);
        Request request = new Request.Builder().url(url + "/_sandbox/" + path).post(json).build();
        try (Response response = plain.newCall(request).execute()) {
            if (!response.isSuccessful()) {
                throw new IOException("_sandbox/" + path + ": " + response.body().string());
            }
        }
    }

    private static String wanted(Map<String, String> environment, String name) throws IOException {
        String value = environment.get(name);
        if (value == null || value.isEmpty()) {
            throw new IOException(name + " is not set");
        }
        return value;
    }

    /** Creates the file with permissions for its owner only, before anything is written. */
    private static File tokenFile(String name) throws IOException {
        Path path = Path.of(name);
        try {
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (FileAlreadyExistsException shared) {
            // Another process created it.
        }
        return path.toFile();
    }
}
