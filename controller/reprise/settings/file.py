"""The YAML file with settings, read as strictly as a spec, with the place of each setting for messages."""

from pathlib import Path
from typing import Any

from reprise.domain.errors import UserError
from reprise.domain.spec import document
from reprise.domain.spec.problems import Mark, Problems


class ConfigFile:
    """The YAML file, read as strictly as a spec: no tags, no duplicate keys, values as written."""

    def __init__(self, path: Path, root: document.Mapping) -> None:
        self.path = path
        self.root = root

    @classmethod
    def read(cls, path: Path) -> "ConfigFile":
        """Raises UserError with a line for each problem."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UserError(
                f"{path} cannot be read ({error.strerror}): give --config an existing YAML file"
            ) from None
        if not any(line.strip() and not line.lstrip().startswith(b"#") for line in data.splitlines()):
            return cls(path, document.Mapping({}, Mark(1, 1)))
        problems = Problems(str(path))
        root = document.read_document(data, problems)
        if problems.found:
            raise UserError("\n".join(map(str, problems.in_order())))
        if not isinstance(root, document.Mapping):
            raise UserError(f"{path} must hold settings by name, such as http: {{port: 8400}}")
        return cls(path, root)

    @property
    def values(self) -> dict[str, Any]:
        return {name: _plain(value) for name, (_, value) in self.root.entries.items()}

    def place(self, names: tuple[str, ...]) -> str | None:
        """``file:line:column`` of a setting that stands in the file."""
        node: document.Node = self.root
        mark = None
        for name in names:
            if not isinstance(node, document.Mapping) or name not in node.entries:
                break
            key, node = node.entries[name]
            mark = key.mark
        else:
            return f"{self.path}:{mark.line}:{mark.column}" if mark is not None else None
        return None


def _plain(node: document.Node) -> Any:
    match node:
        case document.Scalar():
            return None if node.is_nothing else node.text
        case document.Sequence(items):
            return [_plain(item) for item in items]
        case document.Mapping(entries):
            return {name: _plain(value) for name, (_, value) in entries.items()}
