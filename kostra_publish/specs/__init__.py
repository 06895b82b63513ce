"""Table specs: what each statbank table holds, read from YAML and checked."""
