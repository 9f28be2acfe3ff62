"""Runs inside an image: writes its Python and what is installed. Standard library only; any Python 3."""

import json
import platform
import sys

packages = {}
if sys.version_info >= (3, 8):  # noqa: UP036 - it is told of older ones
    from importlib import metadata

    for each in metadata.distributions():
        name = each.metadata["Name"]
        if name and name not in packages:
            packages[name] = each.version
with open(sys.argv[1], "w") as file:
    json.dump({"python": platform.python_version(), "packages": packages}, file, sort_keys=True)
