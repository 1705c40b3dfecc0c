"""What the operators that give data another shape make of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from .problems import Unsupported


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises Unsupported for one that is not there."""
    if not -rank <= axis < rank:
        raise Unsupported(f"axis {axis} is not among the {rank} dimensions")
    return axis % rank


def reshaped(shape: Sequence[int], request: Sequence[int], *, zero_is_size: bool = False) -> tuple[int, ...]:
    """The shape that a request with 0 (as in the input) and -1 (what is left) means."""
    wanted = list(request)
    for place, size in enumerate(wanted):
        if size == 0 and not zero_is_size:
            if place >= len(shape):
                raise Unsupported(f"cannot read shape {list(shape)} as {list(request)}")
            wanted[place] = shape[place]
    rest = prod(size for size in wanted if size != -1)
    if wanted.count(-1) == 1 and rest > 0 and prod(shape) % rest == 0:
        wanted[wanted.index(-1)] = prod(shape) // rest
    if min(wanted, default=1) < 0 or prod(wanted) != prod(shape):
        raise Unsupported(f"cannot read shape {list(shape)} as {list(request)}")
    return tuple(wanted)


def rebatched(shape: Sequence[int], request: Sequence[int], rebatch: tuple[int, int] | None) -> tuple[int, ...]:
    """A requested shape that was written for the file's batch, for the batch that is asked for.

    `rebatch` is (batch of the file, batch asked for). Data that begins with the batch keeps doing so.
    """
    if rebatch is None or not request or request[0] <= 0:
        return tuple(request)
    written, asked = rebatch
    scaled = request[0] * asked
    if shape and shape[0] == asked and request[0] == written:
        return (asked, *request[1:])
    if -1 not in request and 0 not in request and prod(request) != prod(shape) and scaled % written == 0:
        return (scaled // written, *request[1:])
    return tuple(request)


def flattened(shape: Sequence[int], axis: int) -> tuple[int, ...]:
    place = axis if axis == len(shape) else axis_of(axis, len(shape))
    return prod(shape[:place]), prod(shape[place:])


def squeezed(shape: Sequence[int], axes: Sequence[int] | None) -> tuple[int, ...]:
    """Without `axes`, all dimensions of size 1 go."""
    if axes is None:
        return tuple(size for size in shape if size != 1)
    places = {axis_of(axis, len(shape)) for axis in axes}
    if any(shape[place] != 1 for place in places):
        raise Unsupported(f"only dimensions of size 1 can be squeezed, not {list(axes)} of {list(shape)}")
    return tuple(size for place, size in enumerate(shape) if place not in places)


def unsqueezed(shape: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    rank = len(shape) + len(axes)
    places = {axis_of(axis, rank) for axis in axes}
    rest = iter(shape)
    return tuple(1 if place in places else next(rest, 1) for place in range(rank))
