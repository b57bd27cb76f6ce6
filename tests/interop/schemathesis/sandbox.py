"""The sandbox in the environment, and the auth of the Python program."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))
from auth import StableLinkAuth  # noqa: E402

ADDRESS = os.environ["STABLELINK_ENV"]
AUTH = StableLinkAuth(
    ADDRESS,
    os.environ["STABLELINK_API_KEY"],
    os.environ["STABLELINK_API_SECRET"],
    os.environ["STABLELINK_SIGN_KEY"],
    os.environ["STABLELINK_TOKEN_FILE"],
)
