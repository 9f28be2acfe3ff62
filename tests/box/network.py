"""A bridge with a way out, for containers that may use the network.

Of our own, because Engines that share a machine would share ``docker0`` and rewrite each other's rules.
"""

import ipaddress
import json
import random
import subprocess
from pathlib import Path

PREFIX = "rpbox"
CANDIDATES = [
    ipaddress.IPv4Network(f"10.{second}.{third}.0/24") for second in (201, 213) for third in range(256)
]
LEGACY_TABLES = Path("/proc/net/ip_tables_names")
WAIT = ("--wait", "10")
LIMIT = 20


def bridge_name(box: Path) -> str:
    """Interfaces have names of 15 characters at most."""
    return f"{PREFIX}{box.name[-8:]}"


def make_bridge(name: str) -> None:
    """On a network that nobody else here uses. Raises CalledProcessError."""
    taken = addresses()
    free = [one for one in CANDIDATES if not any(one.overlaps(other) for other in taken)]
    network = random.choice(free)
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "address", "add", f"{network[1]}/24", "dev", name)
    run("ip", "link", "set", name, "up")
    for program in filters():
        run(program, *WAIT, "-I", "FORWARD", "-i", name, "-j", "ACCEPT")
        run(program, *WAIT, "-I", "FORWARD", "-o", name, "-j", "ACCEPT")
    hidden = ("-s", str(network), "!", "-o", name, "-j", "MASQUERADE")
    run("iptables", *WAIT, "-t", "nat", "-A", "POSTROUTING", *hidden)


def remove_bridge(name: str) -> None:
    """And the rules that name it. Also when only half of it was made."""
    for program in filters():
        for table in ("filter", "nat"):
            for rule in rules(program, table):
                if name in rule.split():
                    run(program, *WAIT, "-t", table, "-D", *rule.split()[1:])
    if (Path("/sys/class/net") / name).exists():
        run("ip", "link", "delete", name)


def filters() -> list[str]:
    """A packet passes both kinds of tables, and an Engine that was here before may have closed either."""
    return [
        "iptables",
        *(["iptables-legacy"] if LEGACY_TABLES.exists() and LEGACY_TABLES.read_text() else []),
    ]


def rules(program: str, table: str) -> list[str]:
    return run(program, *WAIT, "-t", table, "-S").splitlines()


def addresses() -> list[ipaddress.IPv4Network]:
    shown = json.loads(run("ip", "-json", "-4", "address", "show"))
    return [
        ipaddress.IPv4Network(f"{address['local']}/{address['prefixlen']}", strict=False)
        for link in shown
        for address in link.get("addr_info", [])
    ]


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT)
    done.check_returncode()
    return done.stdout
