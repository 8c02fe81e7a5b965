"""Rendered lifters with known spines: makes the sample clips, test sets and, later, the training set.

This folder belongs to the extra ``[train]``. It may import `spineline`; `spineline` never imports it.
"""
