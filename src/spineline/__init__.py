"""spineline: how far a lifter's upper back rounds, measured from one ordinary camera."""

__version__ = "0.1.0"
