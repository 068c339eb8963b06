"""What plates are read for: cameras that are watched, lists, parking, speeds, and the events that tell of them."""
