"""What can be asked of `afib certify`: its options and the values that they take."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from afib.proof import KINDS
from afib.proof.disturbance import JOINED
from afib.proof.largest import LEAST_PRECISION
from nnassure.errors import PerturbationError

__all__ = ["USUAL_HZ", "USUAL_PRECISION", "add_options", "require_options"]

#: Of waves, where no frequency is given.
USUAL_HZ = {"wander": 0.3, "mains": 50.0, "joint": 0.3}
USUAL_PRECISION = 0.05
# Which kinds an option speaks of; what speaks of another would be ignored in silence.
_SPEAKS_OF = {
    "frequency_hz": ("wander", "mains", "joint"),
    "band_hz": ("wander-band",),
    "mains_hz": ("joint",),
    "joint": ("joint",),
    "noise": ("noise",),
    "components": ("noise",),
}
# Of what is joined, those that have a frequency.
_JOINED_BY = {"frequency_hz": "wander", "mains_hz": "mains"}


def add_options(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """The command's parser, made known to *commands*."""
    certify = commands.add_parser(
        "certify",
        help="prove that no disturbance of a given size turns a decision",
        description="Proves, or refutes by a counterexample, that no disturbance in a set turns "
        "the rhythm of a recording into the other one. Proven stable does not mean correct.",
    )
    certify.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    certify.add_argument(
        "--radius-mv",
        type=_size,
        required=True,
        metavar="R",
        help="size of the disturbance in mV; for gain, its share of the amplitude",
    )
    certify.add_argument(
        "--at",
        choices=("recorder", "network"),
        default="recorder",
        help="where it enters: at the stored samples (default), or behind the filter",
    )
    certify.add_argument(
        "--disturbance",
        choices=KINDS,
        default="linf",
        help="what moves samples; linf (default) is each by itself",
    )
    certify.add_argument(
        "--frequency-hz",
        type=_size,
        metavar="F",
        help="of wander, also in joint (default 0.3), and mains (default 50)",
    )
    _add_sets(certify)
    certify.add_argument(
        "--box-mv",
        type=_size,
        metavar="R",
        help="beside all kinds but linf: how far each sample may move by itself; "
        "at the recorder half a step of the converter is added where the file states one",
    )
    _add_largest(certify)
    certify.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped model")
    certify.add_argument(
        "--network-alone",
        action="store_true",
        help="ask about the network without gate and prediction sets, which decides nothing",
    )
    _add_files(certify)
    _add_effort(certify)
    certify.add_argument("--format", choices=("table", "json"), default="table")
    return certify


def require_options(parsed: argparse.Namespace) -> None:
    """Hold that every option speaks of the disturbance that is asked about.

    Raises:
        PerturbationError: With a sentence on each that does not, or is out of its range whatever
            the recording.
    """
    kind: str = parsed.disturbance
    problems = []
    if parsed.box_mv is not None and kind == "linf":
        problems.append(
            "--box-mv: expected another disturbance beside it, got linf, which is such a box; "
            "give its size by --radius-mv"
        )
    for name, kinds in _SPEAKS_OF.items():
        option, needed = f"--{name.replace('_', '-')}", _JOINED_BY.get(name)
        if getattr(parsed, name) is None:
            continue
        if kind not in kinds:
            problems.append(f"{option}: expected it beside {' or '.join(kinds)}, got {kind}")
        elif kind == "joint" and needed and needed not in dict(parsed.joint or JOINED):
            problems.append(f"{option}: expected {needed} in --joint, got none")
    if parsed.precision is not None and not parsed.largest:
        problems.append("--precision: expected it beside --largest, got it alone")
    if kind == "gain" and parsed.radius_mv >= 1:
        problems.append(f"--radius-mv: expected a share below 1 of gain, got {parsed.radius_mv:g}")
    if parsed.band_hz is not None and parsed.band_hz[0] > parsed.band_hz[1]:
        low, high = parsed.band_hz
        problems.append(f"--band-hz: expected the lower end first, got {low:g} and {high:g}")
    if problems:
        raise PerturbationError("\n".join(problems))


def _add_sets(certify: argparse.ArgumentParser) -> None:
    certify.add_argument(
        "--band-hz",
        type=_size,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="of wander-band: any one frequency between them; default 0.05 0.67",
    )
    certify.add_argument(
        "--mains-hz",
        type=_size,
        metavar="F",
        help="of the mains in joint; default 50",
    )
    certify.add_argument(
        "--joint",
        type=_weights,
        metavar="KIND:TIMES,...",
        help="what joint joins, each at so many times the size: in mV, and of gain as a share; "
        "default gain:1,offset:1,wander:1,mains:1",
    )
    certify.add_argument(
        "--noise",
        type=Path,
        metavar="PATH",
        help="recorded noise: a folder with the records of the MIT-BIH Noise Stress Test "
        "Database, or one record; default nstdb/ below VERICASE_DATA",
    )
    certify.add_argument(
        "--components",
        type=_count,
        metavar="N",
        help="how many shapes span the recorded noise; default 4",
    )


def _add_largest(certify: argparse.ArgumentParser) -> None:
    certify.add_argument(
        "--largest",
        action="store_true",
        help="seek the largest size that is proven, and the smallest that turns the decision, "
        "up to --radius-mv",
    )
    certify.add_argument(
        "--precision",
        type=_share,
        metavar="SHARE",
        help="of the sizes that --largest tells, 0.0001 to 1; default 0.05",
    )
    certify.add_argument(
        "--recorder-only",
        action="store_true",
        help="leave out the same question at the network's input",
    )


def _add_files(certify: argparse.ArgumentParser) -> None:
    certify.add_argument("--certificates", type=Path, metavar="DIR", help="write what is proven")
    certify.add_argument(
        "--counterexamples",
        type=Path,
        metavar="DIR",
        help="write the disturbed recordings that the device decides the other way; with --largest "
        "those of the smallest size",
    )


def _add_effort(certify: argparse.ArgumentParser) -> None:
    certify.add_argument(
        "--seconds", type=_size, default=60.0, metavar="S", help="CPU time a recording; default 60"
    )
    certify.add_argument(
        "--seed", type=_seed, default=17, metavar="N", help="of the attacks; default 17"
    )
    certify.add_argument(
        "--art",
        action="store_true",
        help="attack with the Adversarial Robustness Toolbox too; pip install 'vericase[attacks]'",
    )
    certify.add_argument(
        "--processes", type=_count, default=1, metavar="N", help="recordings at a time; default 1"
    )


def _size(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not (math.isfinite(size) and size > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return size


def _share(text: str) -> float:
    share = _size(text)
    if not LEAST_PRECISION <= share <= 1:
        raise argparse.ArgumentTypeError(
            f"expected a share from {LEAST_PRECISION:g} to 1, got {text!r}"
        )
    return share


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer from 1, got {text!r}")
    return int(text)


def _weights(text: str) -> tuple[tuple[str, float], ...]:
    weights: dict[str, float] = {}
    for part in text.split(","):
        kind, _, times = part.partition(":")
        if kind not in JOINED or kind in weights:
            raise argparse.ArgumentTypeError(
                f"expected each of {', '.join(JOINED)} at most once, got {kind!r}"
            )
        weights[kind] = _size(times or "1")
    return tuple(weights.items())


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected an integer from 0, got {text!r}")
    return int(text)
