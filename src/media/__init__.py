"""What goes in and what comes out: inputs, decoding, drawing, saving, windows."""
