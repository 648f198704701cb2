"""Statistics: sums and formulas, clustered bootstrap."""
