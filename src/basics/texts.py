"""The classes of the character classifier."""

#: The characters, in the order of the classifier's outputs.
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: The class after them: a crop that shows no single whole character.
REJECT = len(ALPHABET)
CLASSES = len(ALPHABET) + 1
