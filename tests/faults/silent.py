"""Work that gives no sign of progress."""

import time


def work(seconds: float, _on_progress: object) -> None:
    """Take some time."""
    time.sleep(seconds)
