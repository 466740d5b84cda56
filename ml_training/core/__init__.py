"""The training engine: torch and numpy, nothing else."""
