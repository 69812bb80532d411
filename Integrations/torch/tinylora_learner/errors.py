"""What a request can fail with."""

import torch


class LearnerError(Exception):
    """A failed request: an HTTP status, a code for programs, and one sentence for people."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(status, code, message)  # all three, so that the error survives the way from another rank
        self.status, self.code, self.message = status, code, message


def require(condition, message: str) -> None:
    """Raises the error of a request that breaks a rule."""
    if not condition:
        raise LearnerError(400, "invalid_request", message)


def as_learner_error(error: Exception) -> LearnerError:
    """Any exception as an answer: an unexpected one has status 500, its type and its first line; too little memory 507."""
    if isinstance(error, LearnerError):
        return error
    text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in text:
        return LearnerError(507, "out_of_memory", f"out of memory; a smaller --token-budget needs less ({text})")
    return LearnerError(500, "internal_error", text)
