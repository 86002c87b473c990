"""``python -m ecluse``."""

import sys

from ecluse.cli import main

if __name__ == "__main__":
    sys.exit(main())
