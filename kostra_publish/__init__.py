"""KOSTRA figures for sosialtjenesten, from cleaned microdata to the public."""

__version__ = "0.1.0"
