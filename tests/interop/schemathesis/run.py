"""Runs schemathesis for the whole document against the sandbox in the environment.

    run.py DOCUMENT MODE DIRECTORY

MODE is the value of `stablelink sandbox --error-status`. All files are written to DIRECTORY. The exit code is 0 if
nothing was found.
"""

import json
import os
import pathlib
import subprocess
import sys

import records
from sandbox import ADDRESS, AUTH

HERE = pathlib.Path(__file__).parent


def main(document: str, mode: str, directory: str) -> int:
    target = pathlib.Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    made = records.make()
    config = (HERE / "schemathesis.toml").read_text() + (HERE / f"{mode}.toml").read_text()
    for name, values in made["dictionaries"].items():
        config += f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}\n"
    (target / f"{mode}.toml").write_text(config)
    (target / "records.json").write_text(json.dumps(made))
    schemathesis = pathlib.Path(sys.executable).with_name("schemathesis")
    document = str(pathlib.Path(document).resolve())
    command = [schemathesis, "--config-file", f"{mode}.toml", "run", document, "--url", ADDRESS]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "STABLELINK_DOCUMENT": document,
        "STABLELINK_RECORDS": str((target / "records.json").resolve()),
        "STABLELINK_TOKEN_FILE": str(AUTH.token_file.resolve()),
        "PYTHONPATH": str(HERE),
    }
    return subprocess.run(command, env=environment, cwd=target).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
