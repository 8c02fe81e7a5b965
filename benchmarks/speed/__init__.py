"""How fast spineline is, against what it could be and what a plain loop is: each script prints its table."""
