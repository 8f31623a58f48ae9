"""The base of every error that people can mend."""


class LabelscopeError(Exception):
    """Something went wrong that a person can mend. The message is one sentence: what, where, and the cure.

    The command line prints it and nothing else. Any other exception is a bug, and shows its traceback.
    """
