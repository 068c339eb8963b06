"""Classification: which character is in a crop, and which text a row of uncertain crops spells."""
