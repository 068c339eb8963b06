"""Drawn plates, degradations and scenes: training data that nobody has to label."""
