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
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
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
    run("iptables", "--wait", "10", "-I", "FORWARD", "-i", name, "-j", "ACCEPT")
    run("iptables", "--wait", "10", "-I", "FORWARD", "-o", name, "-j", "ACCEPT")
    run(
        "iptables",
        "--wait",
        "10",
        "-t",
        "nat",
        "-A",
        "POSTROUTING",
        "-s",
        str(network),
        "!",
        "-o",
        name,
        "-j",
        "MASQUERADE",
    )
    FORWARDING.write_text("1")


def remove_bridge(name: str) -> None:
    """And the rules that name it. Also when only half of it was made."""
    for table in ("filter", "nat"):
        for rule in run("iptables", "--wait", "10", "-t", table, "-S").splitlines():
            words = rule.split()
            if name in words:
                run("iptables", "--wait", "10", "-t", table, "-D", *words[1:])
    if (Path("/sys/class/net") / name).exists():
        run("ip", "link", "delete", name)


def bridges() -> list[str]:
    return [path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(PREFIX)]


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
