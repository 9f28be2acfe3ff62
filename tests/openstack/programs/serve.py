"""``serve.py MODULE:NAME HOST PORT`` answers requests to one WSGI application, in one process."""

import importlib
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import waitress

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def main() -> None:
    where, host, port = sys.argv[1:]
    del sys.argv[1:]  # oslo.config would read them
    serve(load(where), host, int(port))


def load(where: str) -> Application:
    module, name = where.split(":")
    found: Application = getattr(importlib.import_module(module), name)
    return found


def serve(application: Application, host: str, port: int) -> None:
    def merge_slashes(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Blazar asks for //v3 when its prefix is empty; other servers merge that."""
        environ["PATH_INFO"] = re.sub("//+", "/", environ.get("PATH_INFO", ""))
        return application(environ, start_response)

    waitress.serve(
        merge_slashes, host=host, port=port, threads=8, ident=None, clear_untrusted_proxy_headers=True
    )


if __name__ == "__main__":
    main()
