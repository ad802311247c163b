"""HTTP that waits for the head of a request no longer than a browser takes to send it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["LONGEST_HEAD_S", "Impatient"]

#: From the opening of a connection, or the end of an answer, to the whole head of a request.
LONGEST_HEAD_S = 10.0


class Impatient(H11Protocol):
    """Closes connections that begin to ask and do not go on, so that they take nobody's place."""

    _until_head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  as uvicorn has it
        """The clock runs from the first moment."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """The clock runs on until a request has its whole head."""
        super().data_received(data)
        if self._is_answering():
            self._stop()
        else:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more."""
        self._stop()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._until_head is None:
            self._until_head = self.loop.call_later(LONGEST_HEAD_S, self._give_up)

    def _stop(self) -> None:
        if self._until_head is not None:
            self._until_head.cancel()
            self._until_head = None

    def _give_up(self) -> None:
        self._until_head = None
        if not self._is_answering() and not self.transport.is_closing():
            self.transport.close()

    def _is_answering(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete
