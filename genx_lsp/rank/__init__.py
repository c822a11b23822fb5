"""The pass matrix and its scoring functions; pure numpy."""
