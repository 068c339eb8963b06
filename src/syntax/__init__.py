"""National plate syntaxes: which of the texts that a plate may carry looks like a plate, and of which country."""
