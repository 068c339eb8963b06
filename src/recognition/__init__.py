"""From a picture to its plates: detect, segment, classify, weigh against the syntaxes, accept."""
