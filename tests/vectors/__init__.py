"""Bytes that the protocol documents and captures state, one module for each capability.

A vector never comes from the code under test: it is written down by hand, with the section that
gives it. So the documents, and not our encoder, decide what is right.
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import override


@unique
class Origin(Enum):
    """Where the bytes of a vector come from."""

    CAPTURED = "recorded on the air, or stated by its source as recorded"
    COMPUTED = "computed by hand from the documented layout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector[T]:
    """A packet and what it means."""

    name: str
    packet: bytes
    value: T
    origin: Origin
    source: str
    """Document and section."""

    @override
    def __str__(self) -> str:
        """The name: what pytest shows for the vector."""
        return self.name
