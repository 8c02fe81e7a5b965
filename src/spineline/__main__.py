"""`python -m spineline`, and the program `spineline`."""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C before `main` has its own answer: no traceback of an import

from spineline.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
