package stablelink;

import java.nio.file.Path;

/** The program that tests/interop/README.md specifies. */
public final class Main {
    public static void main(String[] arguments) throws Exception {
        String part = arguments.length == 0 ? "" : arguments[0];
        boolean passed = switch (part) {
            case "vectors" -> new Vectors(Path.of(arguments[1])).run();
            case "responses" -> {
                Wire.install();
                yield new Responses(Path.of(arguments[1])).run();
            }
            case "flow" -> {
                Wire.install();
                Gateway gateway = new Gateway(System.getenv());
                boolean flow = new Flow(gateway).run();
                yield new Amounts(gateway).run() && flow;
            }
            case "refresh" -> {
                Auth auth = new Gateway(System.getenv()).auth;
                auth.token(auth.token(null));
                yield true;
            }
            default -> {
                System.err.println("usage: vectors FILE | responses FILE | flow | refresh");
                yield false;
            }
        };
        System.exit(passed ? 0 : 1);
    }
}
