"""Videos and live sources, and the vehicles that pass in them."""
