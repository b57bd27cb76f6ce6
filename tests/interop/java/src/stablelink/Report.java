package stablelink;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.util.Objects;

/** Writes one line of JSON for each check. */
final class Report {
    interface Check {
        void run() throws Exception;
    }

    private static final Gson GSON = new Gson();
    private final String part;
    private boolean passed = true;

    Report(String part) {
        this.part = part;
    }

    void check(String name, Check check) {
        JsonObject line = new JsonObject();
        line.addProperty("part", part);
        line.addProperty("name", name);
        try {
            check.run();
            line.addProperty("passed", true);
        } catch (Exception | AssertionError failure) {
            passed = false;
            line.addProperty("passed", false);
            line.addProperty("detail", failure.getClass().getSimpleName() + ": " + failure.getMessage());
        }
        System.out.println(GSON.toJson(line));
    }

    boolean passed() {
        return passed;
    }

    static void same(String what, Object expected, Object found) {
        require(Objects.equals(expected, found), what + ": expected " + expected + ", found " + found);
    }

    static void require(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
