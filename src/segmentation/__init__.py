"""Segmentation: from a plate's corners to the boxes of its characters."""
