"""The project's chores, the same on Linux, macOS and Windows: python dev.py demo | check | test | long.

demo   make .venv, install spineline into it and analyse a sample to the end
check  install the development tools into the running environment, then lint, types, layers, spelling and tests
test   the tests alone
long   the tests that take long
"""

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLE = Path("samples") / "deadlift_rounded.mp4"

LINT = (
    ["-m", "ruff", "check", "."],
    ["-m", "ruff", "format", "--check", "."],
    ["-m", "mypy"],
    ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    ["-m", "codespell_lib", "src", "tests", "training", "benchmarks", "docs", "README.md", "CHANGELOG.md"],
)


def run(python: str | Path, *arguments: str) -> None:
    """Run Python in the project's folder and stop with its status if it fails."""
    print(">", "python", *arguments, flush=True)
    status = subprocess.run([str(python), *arguments], cwd=HERE, check=False).returncode
    if status:
        sys.exit(status)


def demo() -> None:
    """Install into .venv and analyse one sample."""
    home = HERE / ".venv"
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        venv.create(home, with_pip=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ".")
    run(python, "-m", "spineline", "analyze", str(SAMPLE))


def check() -> None:
    """Run everything that must pass before a change is taken."""
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(sys.executable, *install, "--editable", ".[dev,dask,parquet]")
    for command in LINT:
        run(sys.executable, *command)
    test()


def test() -> None:
    """Run the default tests, a process for each core; then those that need the machine to themselves."""
    run(sys.executable, "-m", "pytest", "-m", "not long and not alone", "-n", "auto", "--maxprocesses", "4")
    run(sys.executable, "-m", "pytest", "-m", "alone and not long")


def long() -> None:
    """Run the long tests."""
    run(sys.executable, "-m", "pytest", "-m", "long")


CHORES = {chore.__name__: chore for chore in (demo, check, test, long)}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CHORES:
        sys.exit(__doc__)
    CHORES[sys.argv[1]]()
