"""A module per change."""
