"""Microdata: contracts, readers, ids, variables and control rules of the datasets."""
