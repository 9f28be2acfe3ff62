"""``run_nova.py HOST PORT COMPUTE...``: API, conductor, scheduler and the named computes in one process.

As Nova's own functional tests do it: native threads, and computes that reach the cell's database directly.
"""

# ruff: noqa: E402, I001 - Nova wants its threads chosen before anything else of it is imported
from nova import monkey_patch

monkey_patch.patch(backend="threading")

import os
import shlex
import signal
import sys
from pathlib import Path

host, port, *computes = sys.argv[1:]
del sys.argv[1:]  # oslo.config would read them

from nova.api.openstack import wsgi_app

application = wsgi_app.init_application("osapi_compute", "nova-api-os-compute")

import nova.conf
import nova.virt
import os_brick
import os_vif
from nova import objects, service, utils
from nova.compute import rpcapi as compute_calls
from nova.conductor import rpcapi as conductor_calls
from nova.scheduler import rpcapi as scheduler_calls
from oslo_privsep import priv_context

from serve import serve

nova.virt.__path__.append(str(Path(__file__).parent))
priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
os_brick.setup(nova.conf.CONF)
os_vif.initialize()
objects.Service.enable_min_version_cache()

services = [
    service.Service.create(binary="nova-conductor", topic=conductor_calls.RPC_TOPIC),
    service.Service.create(binary="nova-scheduler", topic=scheduler_calls.RPC_TOPIC),
    *(
        service.Service.create(
            host=compute,
            binary="nova-compute",
            topic=compute_calls.RPC_TOPIC,
            topic_alt=compute_calls.RPC_TOPIC_ALT,
        )
        for compute in computes
    ),
]
for one in services:
    one.start()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
serve(application, host, int(port))
