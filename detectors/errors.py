"""What a user can mend about a detector."""


class DetectorError(Exception):
    """A detector or backbone cannot be made as asked; the message says why and what to do."""
