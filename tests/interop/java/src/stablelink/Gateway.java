package stablelink;

import com.google.gson.Gson;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import stablelink.client.ApiClient;
import stablelink.client.api.AuthenticationApi;

/** The clients of both documents for the gateway in the environment. */
final class Gateway {
    /** A rejection by the gateway, whatever the HTTP status. */
    static final class ApiError extends IOException {
        final String retcode;

        ApiError(String retcode, String retmsg) {
            super("retcode " + retcode + ": " + retmsg);
            this.retcode = retcode;
        }
    }

    private static final MediaType JSON = MediaType.get("application/json");

    final String url;
    final String signKey;
    final Recorder recorder = new Recorder();
    final OkHttpClient plain;
    final Auth auth;
    final ApiClient client;
    final stablelink.provisional.ApiClient provisional;

    Gateway(Map<String, String> environment) throws IOException {
        url = wanted(environment, "STABLELINK_ENV").replaceAll("/+$", "");
        signKey = wanted(environment, "STABLELINK_SIGN_KEY");
        // A redirect would send token, signature and body to another host; an automatic retry could pay twice.
        plain = new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .retryOnConnectionFailure(false)
            .build();
        OkHttpClient recorded = plain.newBuilder().addInterceptor(recorder).build();
        auth = new Auth(
            new AuthenticationApi(new ApiClient(recorded).setBasePath(url)),
            wanted(environment, "STABLELINK_API_KEY"),
            wanted(environment, "STABLELINK_API_SECRET"),
            signKey,
            tokenFile(wanted(environment, "STABLELINK_TOKEN_FILE")),
            new AtomicReference<>());
        OkHttpClient signing = plain.newBuilder().addInterceptor(auth).addInterceptor(recorder).build();
        client = new ApiClient(signing).setBasePath(url);
        provisional = new stablelink.provisional.ApiClient(signing).setBasePath(url);
    }

    /** Returns the data of an envelope. Throws unless the retcode, not the HTTP status, reports success. */
    static <T> T data(Object retcode, String retmsg, T retdata) throws ApiError {
        if (!"200".equals(String.valueOf(retcode))) {
            throw new ApiError(String.valueOf(retcode), retmsg);
        }
        return retdata;
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
