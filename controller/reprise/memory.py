"""What a long-lived process asks of the C library's allocator."""

import ctypes
import sys

_ARENA_MAX = -8
"""``M_ARENA_MAX`` of malloc.h."""
_ARENAS = 2


def share_arenas() -> None:
    """To be called before there are threads: each of twenty would else keep what it once needed.

    Does nothing where the library is not glibc.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_ARENA_MAX, _ARENAS)
