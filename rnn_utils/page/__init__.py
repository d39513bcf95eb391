"""What a run leaves on its page: figures, numbers, progress, where it ran."""
