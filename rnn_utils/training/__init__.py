"""Training, measuring and comparing networks."""
