"""What this process wrote last into each comment of ours, so that a change needs no look at it first."""

import hashlib
import threading
from collections import OrderedDict

MAX_COMMENTS = 2_000


class Written:
    def __init__(self) -> None:
        self._digests: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def says_other(self, comment_id: int, body: str) -> bool:
        """Whether we know that it stands there with another text; somebody may have removed it since."""
        with self._lock:
            known = self._digests.get(comment_id)
        return known is not None and known != _digest(body)

    def put(self, comment_id: int, body: str) -> None:
        with self._lock:
            self._digests[comment_id] = _digest(body)
            self._digests.move_to_end(comment_id)
            while len(self._digests) > MAX_COMMENTS:
                self._digests.popitem(last=False)

    def forget(self, comment_id: int) -> None:
        with self._lock:
            self._digests.pop(comment_id, None)


def _digest(body: str) -> bytes:
    return hashlib.sha256(body.encode(errors="surrogatepass")).digest()
