"""What stops a start, said to the person who started it."""


class StackProblem(Exception):
    """The service cannot start or go on; the text is one sentence that says why and what to do."""
