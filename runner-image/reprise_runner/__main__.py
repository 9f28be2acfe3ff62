"""``python3 -I -S runner.pyz trial [--detach] FOLDER``, or ``… machine [FOLDER]``: see ``program.py``."""

import sys

from reprise_runner.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
