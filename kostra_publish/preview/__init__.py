"""The preview: a draft of the next release in the browser and for programs, on this machine."""
