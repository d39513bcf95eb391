"""The words of the command line, a module for each: its options, and what it does."""
