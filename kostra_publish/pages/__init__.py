"""The key-figure pages: a small static site, from safe cubes only."""
