"""Pages: the site of key figures, made from what a release shows and nothing else."""
