"""Drafts of the next release, made anew as specs and data are saved.

Here true values are at work; what leaves is made safe. Whoever serves drafts is another process,
which holds safe cubes only.
"""
