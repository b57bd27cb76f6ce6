package stablelink;

import com.google.gson.Gson;
import com.google.gson.JsonObject;

/** One line of JSON for each thing that was tried. */
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
            line.addProperty("detail", told(failure));
        }
        System.out.println(GSON.toJson(line));
    }

    boolean passed() {
        return passed;
    }

    static void same(String what, Object expected, Object found) {
        if (!java.util.Objects.equals(expected, found)) {
            throw new AssertionError(what + ": expected " + expected + ", found " + found);
        }
    }

    static void holds(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    /** The words of our own checks in full; of an exception of the generated code the kind alone, for it quotes answers. */
    private static String told(Throwable failure) {
        return failure.getMessage();
    }
}
