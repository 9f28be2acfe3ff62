"""The scenes of the pictures in docs: that they come about, and lead to pages that hold what is shown."""

from pathlib import Path

import httpx
from tests.pictures.scenes import SCENES, opened

SHOWN = {
    "tag": ("All checks have passed", "wine: reproduced at level B", 'name="body"'),
    "fork": ("from the fork", "/reproduce approve", "Some checks need somebody to act", "👀 1"),
    "spec-error": ("Re-run", "Reproduce", "reprise.yaml:4", '<div class="meant">'),
}


def test_every_scene_shows_what_its_picture_is_of(tmp_path: Path) -> None:
    with opened(tmp_path) as forge, httpx.Client(follow_redirects=True) as browser:
        pages = {name: scene(forge) for name, scene in SCENES.items()}
        browser.get(forge.sign_in_address("ada", "/"))
        for name, path in pages.items():
            text = browser.get(forge.url + path).raise_for_status().text
            assert [piece for piece in SHOWN[name] if piece not in text] == [], name
