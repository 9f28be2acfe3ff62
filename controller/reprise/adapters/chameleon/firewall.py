"""What may come in to a node: SSH. Bare metal has no security groups, and all projects share its network."""

from dataclasses import dataclass

from reprise.domain.errors import Retryable
from reprise.ports.nodes import Node

LIMIT = 30.0
ROOT = ("sudo", "-n")
KEPT = frozenset({"ssh", "dhcpv6-client"})
"""Without the second a node may lose its address."""


@dataclass(frozen=True, slots=True)
class Open:
    """Of the zone that interfaces are in by default."""

    services: tuple[str, ...]
    ports: tuple[str, ...]


def narrow(node: Node) -> tuple[str, ...] | None:
    """What was closed; None where no firewalld runs, as on virtual machines: their cloud has its own rules.

    Until the node is started again: our lease ends before. Containers publish no ports, and what they ask for
    is answered, so that nothing has to be opened. Safe to repeat. Raises Retryable when it does not do it.
    """
    said = node.run((*ROOT, "firewall-cmd", "--state"), timeout=LIMIT)
    if said.code != 0:
        return None
    found = parse(_asked(node, "--list-all"))
    closing = closed(found)
    for option in closing:
        _asked(node, option)
    return tuple(option.partition("=")[2] for option in closing)


def parse(text: str) -> Open:
    """What ``firewall-cmd --list-all`` prints. Pure."""
    fields = dict(line.strip().partition(":")[::2] for line in text.splitlines() if ":" in line)
    return Open(tuple(fields.get("services", "").split()), tuple(fields.get("ports", "").split()))


def closed(found: Open) -> tuple[str, ...]:
    """Options that close all but `KEPT`. Pure."""
    services = [service for service in found.services if service not in KEPT]
    return (
        *(f"--remove-service={service}" for service in services),
        *(f"--remove-port={port}" for port in found.ports),
    )


def _asked(node: Node, option: str) -> str:
    said = node.run((*ROOT, "firewall-cmd", option), timeout=LIMIT)
    if said.code != 0:
        raise Retryable(f"the machine's firewall does not do `{option}`: {said.err.strip()[:200]}")
    return said.out
