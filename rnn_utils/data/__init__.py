"""The digits: where they come from, and how they are reduced."""
