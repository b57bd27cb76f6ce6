"""`main.py vectors FILE`, `main.py responses FILE`, `main.py flow` or `main.py refresh`: see ../README.md."""

import sys

import report


def main(command: str, *arguments: str) -> int:
    if command == "vectors":
        import vectors

        vectors.run(*arguments)
    elif command == "responses":
        import responses

        responses.run(*arguments)
    elif command == "flow":
        import flow
        import money
        from gateway import Gateway

        clients = Gateway()
        flow.run(clients)
        money.run(clients)
    elif command == "refresh":
        from gateway import Gateway

        Gateway().refresh()
    else:
        sys.exit(__doc__)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
