"""Disclosure control: the only way from true figures to published ones."""
