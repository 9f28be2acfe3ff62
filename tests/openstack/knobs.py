"""What tests may change in a running box. Programs read it each time that it matters."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.openstack.rules import NAME, Rules


@dataclass(frozen=True)
class Knobs:
    folder: Path

    def boot_takes(self, seconds: float) -> None:
        """Of every server from now on."""
        self._write("boot_seconds", str(seconds))

    def fail(self, machine: str, reason: str = "") -> None:
        """Servers on that machine, by its name, do not come up."""
        self._write(f"fail_{machine}", reason)

    def repair(self, machine: str) -> None:
        (self.folder / f"fail_{machine}").unlink(missing_ok=True)

    def portal(self, rules: Rules) -> None:
        self._write(NAME, json.dumps(asdict(rules), default=str))

    def reset(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def _write(self, name: str, text: str) -> None:
        """Readers see all of it or nothing."""
        new = self.folder / f".{name}"
        new.write_text(text)
        new.replace(self.folder / name)
