"""The checks: each a pure function from its limits and the evidence to an outcome."""
