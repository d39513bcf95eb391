"""The gate: what a page must satisfy to be published."""
