"""Releases: rounds, building beside and moving into place, manifest, earlier vintages."""
