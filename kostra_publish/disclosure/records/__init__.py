"""Rows that are handed over: generalised until nobody can be told apart."""
