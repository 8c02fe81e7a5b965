"""`python -m spineline`."""

import sys

from spineline.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
