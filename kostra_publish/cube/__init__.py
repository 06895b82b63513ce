"""True figures: from validated microdata to dense cubes by region."""
