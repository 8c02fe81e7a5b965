"""How many processors there are, and how many of them are left for one of several processes that work side by side."""

import os

_side_by_side = [1]


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores(processes: int) -> None:
    """Take note that so many processes, this one included, work side by side."""
    _side_by_side[0] = processes


def spare_cores() -> int:
    """Return how many threads this process may use for what goes on beside the pose model, which has one; 1 or more."""
    return max(1, cores() // _side_by_side[0] - 1)
