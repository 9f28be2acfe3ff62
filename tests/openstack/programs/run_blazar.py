"""``run_blazar.py HOST PORT SECONDS``: API and manager in one process, which looks so often at leases."""

# ruff: noqa: E402 - the arguments must be gone before Blazar reads them
import os
import signal
import sys

host, port, interval = sys.argv[1:]
del sys.argv[1:]

from blazar.manager import service
from blazar.notification import notifier
from blazar.wsgi import api
from serve import serve

notifier.init()
service.EVENT_INTERVAL = float(interval)
service.ManagerService().start()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
serve(api.application, host, int(port))
