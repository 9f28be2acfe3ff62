"""Becomes the MLflow server: ``launch.py RECORD PORT COMMAND…``. Run by `server` as its child.

It writes down who it is before it turns into the server, so that a controller which is killed at any
moment leaves no server that its successor cannot find. Standard library only: it runs in the server's
own environment.
"""

import json
import os
import sys


def main(record: str, port: str, *command: str) -> None:
    with open("/proc/self/stat", "rb") as file:
        start_ticks = int(file.read().rpartition(b")")[2].split()[19])
    with open("/proc/sys/kernel/random/boot_id") as text:
        boot_id = text.read().strip()
    told = {"pid": os.getpid(), "start_ticks": start_ticks, "boot_id": boot_id, "port": int(port)}
    told["command"] = list(command)
    partial = f"{record}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8") as out:
        json.dump(told, out)
    os.replace(partial, record)
    os.execv(command[0], command)  # noqa: S606 - becoming the server is the point


if __name__ == "__main__":
    main(*sys.argv[1:])
