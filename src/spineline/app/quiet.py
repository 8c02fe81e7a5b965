"""Keep what libraries say by the way, through Python, from the eyes of somebody who can do nothing about it."""

import logging
import sys
import warnings


def quiet_libraries() -> None:
    """Show no warnings and no log of this process. For programs only; ``python -W`` brings the warnings back."""
    logging.getLogger().addHandler(logging.NullHandler())  # or Python would write to stderr for want of a handler
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
