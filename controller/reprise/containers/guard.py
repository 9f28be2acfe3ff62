"""Closes the way to cloud metadata in a network namespace, then sleeps. Run alone, in a container of its own.

A job with an open network shares that namespace and has no right to change its routes, so it cannot ask the
address that hands out a machine's credentials. Needs a Python and its standard library; prints one line.
"""

import signal
import socket
import struct

ADDRESSES = (
    "169.254.169.254",  # most clouds, OpenStack among them
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
)
READY = "closed"
NEW_ROUTE, ERROR = 24, 2
REQUEST, ACKNOWLEDGE, CREATE, REPLACE = 0x1, 0x4, 0x400, 0x100
MAIN_TABLE, STATIC, EVERYWHERE, PROHIBIT = 254, 4, 0, 8
DESTINATION = 1


def message(address: str) -> bytes:
    """A request of rtnetlink(7): packets to this one address are answered with EACCES."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    route = struct.pack(
        "=BBBBBBBBI", family, len(packed) * 8, 0, 0, MAIN_TABLE, STATIC, EVERYWHERE, PROHIBIT, 0
    )
    body = route + struct.pack("=HH", 4 + len(packed), DESTINATION) + packed
    flags = REQUEST | ACKNOWLEDGE | CREATE | REPLACE
    return struct.pack("=IHHII", 16 + len(body), NEW_ROUTE, flags, 1, 0) + body


def close(address: str) -> int:
    """The error number of the kernel, 0 when it is closed."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(5)
        kernel.sendto(message(address), (0, 0))
        answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4)[0] != ERROR:
        return 0
    return -int(struct.unpack_from("=i", answer, 16)[0])


def main() -> int:
    wrong = {address: close(address) for address in ADDRESSES}
    # Without IPv6 there is no way to close, and none to go.
    open_still = {address: number for address, number in wrong.items() if number and ":" not in address}
    if open_still:
        print(open_still, flush=True)
        return 1
    print(READY, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
