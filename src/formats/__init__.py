"""The answers of other plate readers, made from this one's, so that their clients can use it."""
