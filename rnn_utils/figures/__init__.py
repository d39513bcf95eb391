"""Plots and diagrams, in the book's style. Nothing here knows the rest of `rnn_utils`."""
