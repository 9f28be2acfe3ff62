"""A way to the Engine that breaks when a test says so."""

import socket
import threading
from contextlib import suppress
from pathlib import Path


class Middle:
    """Passes bytes between its own socket and the Engine's. Close it."""

    def __init__(self, path: Path, engine: str, *, cut_after: int | None = None) -> None:
        """``cut_after``: bytes of an answer after which its connection breaks."""
        self.host = f"unix://{path}"
        self.cuts = 0
        self._path, self._engine = path, engine.removeprefix("unix://")
        self._cut_after = cut_after
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.up()

    def up(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self._path))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._path.unlink()
        self._listener = None
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._open |= {near, far}
            far.connect(self._engine)
            threading.Thread(target=self._pass, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, self._cut_after), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, most: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)
                passed += len(data)
                if most is not None and passed > most:
                    self.cuts += 1
                    break
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open -= {source}
        source.close()
