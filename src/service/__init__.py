"""The REST service: ``python -m src.service``."""
