"""What is told together: frames in order, as each member of a channel gets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from switchboard.web.transport import Frame, Run, run_of

if TYPE_CHECKING:
    from switchboard.web.realtime.hub import Member

RUN_BYTES_MOST = 64 * 1024
"""What is told together is cut into runs of about so much, as the transport is patient for each step of that size: a
member's outbox takes several of them."""


class Told(NamedTuple):
    """A frame on its way to all members but one."""

    frame: Frame
    besides: Member | None


class RunOf:
    """Frames that are told together, and what each member gets of them."""

    def __init__(self, frames: Sequence[Told]) -> None:
        self._frames = frames
        self._others = {one.besides for one in frames if one.besides is not None}
        self._whole = run_of([one.frame for one in frames])

    def of(self, member: Member) -> Run | None:
        """None: nothing."""
        if member not in self._others:
            return self._whole
        mine = [one.frame for one in self._frames if one.besides is not member]
        return run_of(mine) if mine else None


def runs(frames: Sequence[Told]) -> Iterator[Sequence[Told]]:
    """The frames in order, in runs that are not too long."""
    start = size = 0
    for number, one in enumerate(frames):
        if size and size + len(one.frame) > RUN_BYTES_MOST:
            yield frames[start:number]
            start, size = number, 0
        size += len(one.frame)
    if frames:
        yield frames[start:]
