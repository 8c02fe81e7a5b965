"""Run spineline with so many MB more than its libraries need.

python -m tests.faults.little_memory MB analyze track.npz ...
"""

import resource
import sys
from pathlib import Path

import spineline.app.analyze
import spineline.io.report
import spineline.io.tables
from spineline.app import cli

assert spineline.app.analyze, spineline.io.report

if __name__ == "__main__":
    used_kb = int(next(row for row in Path("/proc/self/status").read_text().splitlines() if "VmSize" in row).split()[1])
    most = used_kb * 1024 + int(sys.argv[1]) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    sys.argv[1:2] = []
    sys.exit(cli.main())
