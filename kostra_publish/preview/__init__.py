"""The preview: the next release as it stands, on this machine alone, for those who check it."""
