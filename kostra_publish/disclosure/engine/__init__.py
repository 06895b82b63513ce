"""The engine: which cells to hide besides the small ones."""
