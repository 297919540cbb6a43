"""Why a bot does not start."""


class StartError(Exception):
    """The bot can not start; the message says why in one sentence."""
