"""Licence plate detection and reading."""
