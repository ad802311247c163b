"""The command `afib`, and what its exit codes mean.

Exit codes: 0 fine, 1 some records failed, 2 bad input, 3 our bug, 130 interrupted,
141 whoever read its output has gone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from afib import certifying, explaining, reviewing, watching
from afib.baselines import BASELINES
from afib.checkpoint import UNCERTAINTY, Checkpoint, model_digest
from afib.crossfit import NETWORK, cross_fit, write_cross_fit
from afib.dataset import check_against, read_manifest
from afib.decision import Decision, Screener, load_screener
from afib.errors import AfibError, RecordError, SettingsError
from afib.records import read_any
from afib.screening import FORMS, meaning_of_sets
from afib.settings import load_settings, load_uncertainty, preset_names
from afib.workflow import (
    Prepared,
    calibrate,
    is_calibrated,
    is_current,
    prepared,
    shipped_model,
    train_model,
    write_prepared,
)
from nnassure.errors import AssuranceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from afib.records import Recording
    from afib.settings import Settings

__all__ = ["main"]

FINE, SOME_FAILED, BAD_INPUT, BUG, INTERRUPTED = 0, 1, 2, 3, 130
#: As a shell tells of a writer whose reader closed the pipe.
READER_GONE = 141
_MOST_PROBLEMS = 20


def main(arguments: Sequence[str]) -> int:
    """Run the command with *arguments*; its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.handler(parsed)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _tell(f"interrupted; {parsed.interrupted}")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has gone; what follows would only be written to nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except (AfibError, AssuranceError, OSError) as error:
        _tell(*_problems(error))
        return BAD_INPUT
    except Exception as error:  # noqa: BLE001  the last door: a user gets a sentence
        if os.environ.get("VERICASE_DEBUG"):
            traceback.print_exc()
        _tell(
            f"afib: internal error: {error!r}; please report it "
            "(VERICASE_DEBUG=1 shows where it happened)"
        )
        return BUG
    return code


def _problems(error: AfibError | AssuranceError | OSError) -> list[str]:
    """What is wrong with the input, a sentence each, as many as a reader takes in."""
    if isinstance(error, OSError):
        place = error.filename or "afib"
        return [f"{place}: expected to read or write it, got {error.strerror or error}"]
    if isinstance(error, AssuranceError):
        return [str(error)]
    more = len(error.problems) - _MOST_PROBLEMS
    return [*error.problems[:_MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="afib",
        description="Tells atrial fibrillation from normal rhythm in single-lead ECG. "
        "Not for diagnostic use.",
        epilog="Exit codes: 0 fine, 1 some records failed, 2 bad input, 3 our bug, "
        "130 interrupted, 141 whoever read its output has gone.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    prepare = _data_command(commands, "prepare", _prepare, "read recordings; write their manifest")
    prepare.add_argument("--out", type=Path, required=True, metavar="DIR")
    check = _data_command(commands, "check-data", _check_data, "hold recordings against a manifest")
    check.add_argument("--manifest", type=Path, required=True, metavar="FILE")
    train = _data_command(commands, "train", _train, "train a model and fit its thresholds")
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="the model folder")
    train.add_argument("--resume", action="store_true", help="go on where a training stopped")
    train.add_argument(
        "--unless-current", action="store_true", help="do nothing if the model there is current"
    )
    train.set_defaults(interrupted="every finished epoch is kept, and --resume goes on from there")
    calibration = _data_command(
        commands, "calibrate", _calibrate, "fit what a model abstains on, and its prediction sets"
    )
    calibration.add_argument("--model", type=Path, required=True, metavar="DIR")
    calibration.add_argument(
        "--unless-current", action="store_true", help="do nothing if the model there has them"
    )
    calibration.set_defaults(interrupted="the model is as it was")
    crossfit = _data_command(
        commands, "crossfit", _crossfit, "judge every recording by a model that never saw it"
    )
    crossfit.add_argument("--baseline", required=True, metavar="PRESET", help="network to beat")
    crossfit.add_argument("--out", type=Path, required=True, metavar="FILE")
    crossfit.add_argument("--processes", type=_count, default=2, metavar="N")
    crossfit.set_defaults(
        interrupted="every finished fold is kept, and the same command goes on from there"
    )
    screen = commands.add_parser("screen", help="decide recordings")
    screen.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    screen.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped model")
    screen.add_argument("--format", choices=tuple(FORMS), default="table")
    screen.set_defaults(handler=_screen, interrupted="the decisions above stand")
    certifying.add_command(commands)
    explaining.add_command(commands)
    watching.add_command(commands)
    reviewing.add_command(commands)
    return parser


def _data_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    handler: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    presets = ", ".join(preset_names())
    command.add_argument(
        "--preset", required=True, help=f"one of {presets}, or a YAML file of settings"
    )
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the folder that holds physionet2017/; default VERICASE_DATA, else a download",
    )
    command.set_defaults(
        handler=handler,
        interrupted="what was downloaded is kept, and the same command goes on from there",
    )
    return command


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer from 1, got {text!r}")
    return int(text)


def _prepare(parsed: argparse.Namespace) -> int:
    settings, data = _data(parsed)
    path = write_prepared(data, parsed.out)
    counts = ", ".join(
        f"{split} {sum(found.values())}" for split, found in data.document["counts"].items()
    )
    print(f"prepared {len(data.dataset)} recordings of {settings.data.source} ({counts}): {path}")
    return FINE


def _check_data(parsed: argparse.Namespace) -> int:
    stated = read_manifest(parsed.manifest)
    _, data = _data(parsed)
    differences = check_against(data.dataset, stated)
    for difference in differences:
        print(difference)
    print(f"{len(data.dataset)} recordings held against the manifest, {len(differences)} differ")
    return SOME_FAILED if differences else FINE


def _train(parsed: argparse.Namespace) -> int:
    settings, data = _data(parsed)
    if parsed.unless_current and is_current(parsed.out, settings, data):
        print(f"the model is current: {parsed.out}")
        return FINE
    model = parsed.out.resolve()
    state = model.with_name(f"{model.name}.training")
    if not parsed.resume:
        _discard(state)
    checkpoint = train_model(data, settings, progress=True, resume=state)
    # What was decided about an older model says nothing of this one.
    for stale in ("release.json", *UNCERTAINTY):
        (parsed.out / stale).unlink(missing_ok=True)
    checkpoint.save(parsed.out)
    _discard(state)
    counts = checkpoint.provenance["validation"]
    print(
        f"trained {parsed.out}, digest {checkpoint.digest[:16]}; on validation "
        f"{counts['afib_right']} of {counts['afib']} AFib and "
        f"{counts['normal_right']} of {counts['normal']} normal recordings right"
    )
    return FINE


def _calibrate(parsed: argparse.Namespace) -> int:
    checkpoint = Checkpoint.load(parsed.model)
    wanted = load_uncertainty()
    _, data = _data(parsed)
    if parsed.unless_current and is_calibrated(parsed.model, wanted, data):
        print(f"the model is calibrated: {parsed.model}")
        return FINE
    found = calibrate(data, checkpoint, wanted, progress=True)
    # What was decided about the model without them says nothing of it with them.
    (parsed.model / "release.json").unlink(missing_ok=True)
    found.save(parsed.model)
    counts = found.provenance["calibration"]
    print(
        f"calibrated {parsed.model}, digest {model_digest(parsed.model)[:16]}; sets for alpha "
        f"{wanted.conformal.alpha:g} from {counts['afib']} AFib and {counts['normal']} normal "
        "recordings"
    )
    return FINE


def _crossfit(parsed: argparse.Namespace) -> int:
    settings, data = _data(parsed)
    stem = Path(parsed.baseline).stem.removeprefix(f"{settings.data.source}-")
    baseline = stem.replace("-", "_")
    if baseline in {NETWORK, *BASELINES}:
        raise SettingsError(f"--baseline: expected a name of its own, got {baseline}")
    both = {NETWORK: settings, baseline: load_settings(parsed.baseline)}
    folds = parsed.out.resolve().with_suffix(".folds")
    result = cross_fit(data, both, folds, processes=parsed.processes, progress=True)
    write_cross_fit(result, parsed.out)
    for method in result.calls:
        right = result.right(method)
        sensitivity, specificity = right[result.is_afib], right[~result.is_afib]
        print(
            f"{method:<14} accuracy {right.mean():.4f} ({right.sum()} of {len(right)}), "
            f"sensitivity {sensitivity.mean():.4f} ({sensitivity.sum()} of {len(sensitivity)}), "
            f"specificity {specificity.mean():.4f} ({specificity.sum()} of {len(specificity)})"
        )
    return FINE


def _screen(parsed: argparse.Namespace) -> int:
    screener = load_screener(parsed.model or shipped_model())
    failures = 0
    alphas: set[float] = set()

    def results() -> Iterator[Decision | RecordError]:
        nonlocal failures
        for record in read_any(parsed.paths):
            result = record if isinstance(record, RecordError) else _decision(screener, record)
            if isinstance(result, RecordError):
                failures += 1
            elif result.alpha is not None:
                alphas.add(result.alpha)
            yield result

    FORMS[parsed.format](results(), sys.stdout)
    if parsed.format != "table" and sys.stderr.isatty():
        # The table says it itself; what programs read holds records alone, but people watch too.
        sys.stdout.flush()
        _tell(*map(meaning_of_sets, sorted(alphas)))
    return SOME_FAILED if failures else FINE


def _decision(screener: Screener, recording: Recording) -> Decision | RecordError:
    try:
        return screener.decide(recording)
    except AssuranceError as error:
        return RecordError(recording.name, f"{recording.origin}: {error}")


def _data(parsed: argparse.Namespace) -> tuple[Settings, Prepared]:
    settings = load_settings(parsed.preset)
    return settings, prepared(settings, parsed.data, progress=True)


def _discard(folder: Path) -> None:
    """No state of a training is left in *folder*; a file that is none stays, and the folder too."""
    for file in folder.glob("*training-state.safetensors*"):
        file.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _tell(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)
