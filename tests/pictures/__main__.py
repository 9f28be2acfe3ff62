"""``python -m tests.pictures``, as `make pictures` calls it: the forge's pages as a browser shows them.

Writes the PNGs of docs/images, or with ``--into`` others: ``--dark``, ``--width 390``.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.pictures.scenes import ROOT, SCENES, opened

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER_SECONDS = 60
HEIGHTS = {"tag": 730, "report": 830, "spec-error": 940, "fork": 1180}


def main() -> int:
    wanted = _arguments()
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        print(f"no pictures: none of {', '.join(NAMES)} is installed here")
        return 0
    wanted.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as town:
        for name, scene in SCENES.items():
            target = wanted.into / f"forge-{name}.png"
            size = (wanted.width, wanted.height or HEIGHTS[name])
            path = scene(town)
            url = town.services.forge_address("ada", path)
            _take(browser, url, target, size, dark=wanted.dark)
            print(f"{target}: {target.stat().st_size // 1024} KiB")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take pictures of the forge's pages.")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--width", type=int, default=920)
    parser.add_argument("--height", type=int)
    parser.add_argument("--dark", action="store_true")
    return parser.parse_args()


def _take(browser: str, url: str, target: Path, size: tuple[int, int], *, dark: bool) -> None:
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--window-size={size[0]},{size[1]}",
                *(["--blink-settings=preferredColorScheme=0"] if dark else []),
                f"--screenshot={target}",
                url,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=BROWSER_SECONDS,
            check=True,
        )


if __name__ == "__main__":
    sys.exit(main())
