"""Terminals at which something happens while they are written to."""

from __future__ import annotations

import io

__all__ = ["StopsAt"]


class StopsAt(io.StringIO):
    """Raises *error* when it is shown *text* for the *time*-th time, as a terminal would not."""

    def __init__(self, text: str, error: BaseException, *, time: int = 1) -> None:
        super().__init__()
        self._text, self._error, self._left = text, error, time

    def write(self, shown: str) -> int:
        """Take in what is shown, until it is the text."""
        if self._text in shown:
            self._left -= 1
            if self._left == 0:
                raise self._error
        return super().write(shown)
