"""The committed templates, and copies of them that stand for another version."""

import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"
NAMES = tuple(sorted(folder.name for folder in TEMPLATES.iterdir() if (folder / "copier.yml").is_file()))


def changed(folder: Path, changes: Mapping[str, tuple[str, str]]) -> Path:
    """All templates as a newer version has them: path from the templates' folder → (old text, new text)."""
    shutil.copytree(TEMPLATES, folder)
    for path, (old, new) in changes.items():
        file = folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new), encoding="utf-8")
    return folder
