"""What is asked for does not go with what is there."""

from ..basics.errors import InputError


class ConflictError(InputError):
    """A change that contradicts what is stored, or would lead to what may not be."""
