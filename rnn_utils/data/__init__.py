"""The digits and the names: where they come from, and what networks read of them."""
