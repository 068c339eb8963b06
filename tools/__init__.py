"""What only developers run: speed, load, endurance, drawn clips and samples."""
