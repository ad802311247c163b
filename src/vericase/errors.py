"""What can go wrong in vericase, as one tree.

::

    VericaseError
    ├── InputError             a file or an argument from outside is wrong (exit 2)
    │   ├── RequirementError   requirements, hazards or intended use
    │   └── EvidenceError      evidence, journal or attachments
    ├── MeasurementError       a case measured something that is not a measurement
    └── BusyError              another run holds the evidence
"""

from collections.abc import Sequence

__all__ = [
    "BusyError",
    "EvidenceError",
    "InputError",
    "MeasurementError",
    "RequirementError",
    "VericaseError",
]


class VericaseError(Exception):
    """The root of every error that this package raises on purpose."""


class InputError(VericaseError):
    """Input from outside is wrong; all problems found are told at once.

    Attributes:
        problems: One sentence each, `<place>: expected <this>, got <that>`.
    """

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems: tuple[str, ...] = (
            (problems,) if isinstance(problems, str) else tuple(problems)
        )
        super().__init__("\n".join(self.problems))


class RequirementError(InputError):
    """A requirement file cannot be read as what it should hold."""


class EvidenceError(InputError):
    """An evidence file cannot be read as evidence."""


class MeasurementError(VericaseError, ValueError):
    """A value handed to `measure` is no measurement, or not one of this case."""


class BusyError(VericaseError):
    """Another run is writing the same evidence."""
