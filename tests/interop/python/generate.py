"""Generates the client of one document, with our templates in addition to those of the generator.

    generate.py DOCUMENT DIRECTORY

The templates of the generator are copied to `generator/`, so that our templates can include them.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import openapi_python_client

HERE = pathlib.Path(__file__).parent


def main(document: str, directory: str) -> int:
    with tempfile.TemporaryDirectory() as templates:
        shutil.copytree(HERE / "templates", templates, dirs_exist_ok=True)
        theirs = pathlib.Path(openapi_python_client.__file__).with_name("templates")
        shutil.copytree(theirs, pathlib.Path(templates, "generator"))
        generator = pathlib.Path(sys.executable).with_name("openapi-python-client")
        command = [generator, "generate", "--path", document, "--output-path", directory]
        command += ["--meta", "none", "--overwrite", "--fail-on-warning"]
        command += ["--custom-template-path", templates]
        # The generator looks for its formatter on the PATH, and warns if there is none.
        path = os.pathsep.join([str(generator.parent), os.environ.get("PATH", "")])
        return subprocess.run(command, env=os.environ | {"PATH": path}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
