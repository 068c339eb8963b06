"""Measuring the system on annotated sets."""
