"""The preview: drafts of the next release on this machine, for those who make it."""
