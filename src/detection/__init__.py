"""Licence plate detection: an SSD with a box and four corners per anchor."""
