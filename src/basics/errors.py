"""The exceptions that a caller of the pipeline has to expect."""


class InputError(ValueError):
    """What was given cannot be read, or its results cannot be written where they were asked for.

    The message is one line that names it and says what to do. The command line leaves with exit status 2; the answer
    for a folder lists it under ``errors``, and goes on with the other files.
    """


class UnreachableError(InputError):
    """A camera or stream cannot be reached, or no longer; the command line leaves with exit status 4."""


class OutputError(InputError):
    """Results cannot be written; what could be read is no less readable for it."""
