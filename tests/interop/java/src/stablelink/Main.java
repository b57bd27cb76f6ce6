package stablelink;

import java.nio.file.Path;

/** See ../../README.md of this folder for what is proved. */
public final class Main {
    public static void main(String[] arguments) throws Exception {
        String part = arguments.length == 0 ? "" : arguments[0];
        boolean passed = switch (part) {
            case "vectors" -> new Vectors(Path.of(arguments[1])).run();
            case "flow" -> new Flow(new Gateway(System.getenv())).run();
            case "renew" -> {
                Auth auth = new Gateway(System.getenv()).auth;
                auth.token(auth.token(null));
                yield true;
            }
            default -> {
                System.err.println("usage: vectors FILE | flow | renew");
                yield false;
            }
        };
        System.exit(passed ? 0 : 1);
    }
}
