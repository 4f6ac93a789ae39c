"""`python -m exporter` is the `meterhouse` command."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
