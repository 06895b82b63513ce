"""Outputs: one module per statbank format, each a pure function from safe cubes to files."""
