"""Proofs by the models of a cross-fitting: whose they are, and what is kept of them."""

from __future__ import annotations

import argparse
import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from afib.certify_options import add_options
from afib.certifying import _challenge
from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.errors import ManifestError, SourceError
from afib.proof.engine import ENGINE
from afib.proof.many import answer
from afib.proof.pooled import (
    PooledProofs,
    asked_of,
    drawn,
    origin_of,
    prove_pooled,
    read_pooled,
    write_pooled,
)
from afib.proof.recorded import NOISES
from tests.support.pooled import (
    NAMES,
    QUESTION,
    cross_fitting,
    recordings,
    save_models,
)
from tests.support.recordings import steps, wfdb_record, write_files


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two models."""
    folder = tmp_path_factory.mktemp("models")
    save_models(folder)
    return folder


@pytest.fixture(scope="module")
def proofs(models: Path) -> PooledProofs:
    """What both models prove of their recordings."""
    return prove_pooled(
        cross_fitting(), models, recordings(), QUESTION, processes=1, progress=False
    )


def test_each_recording_is_proven_by_the_model_of_its_fold(
    models: Path, proofs: PooledProofs
) -> None:
    """What the pool says of a recording is what its fold's own model says of it."""
    for known, one in zip(proofs.decisions, recordings(), strict=True):
        alone = answer(QUESTION, QUESTION.prover(_loaded(fold_model(models, known.fold))), one)
        assert known.name == one.name
        assert (known.rhythm, known.outcome) == (alone.rhythm, alone.outcome)
        assert (known.clean_margin, known.certified_margin) == (
            alone.clean_margin,
            alone.certified_margin,
        )
    # With its threshold out of reach the second model calls nothing AFib, whatever the margin.
    assert [known.rhythm for known in proofs.decisions[2:]] == ["normal", "normal"]
    assert [known.outcome for known in proofs.decisions[2:]] == ["certified", "certified"]
    assert proofs.certified(is_afib=True).tolist()[1] is False
    assert proofs.certified(is_afib=False).tolist()[1] is True


def test_open_decisions_are_right_ones_without_an_answer(proofs: PooledProofs) -> None:
    """A wrong decision is not open, nor is one that is proven or refuted; an abstention is."""
    cases = [
        ("AFib", "unknown", True),
        ("AFib", "attacked", False),
        ("AFib", "certified", False),
        ("normal", "unknown", False),
        (None, "unknown", True),
    ]
    first = proofs.decisions[0]
    changed = replace(
        proofs,
        decisions=[replace(first, rhythm=rhythm, outcome=outcome) for rhythm, outcome, _ in cases],
    )
    assert first.is_afib
    assert changed.open().tolist() == [is_open for *_, is_open in cases]
    # Of these, attacks leave standing what is decided at all.
    assert changed.gap(is_afib=True).tolist() == [True, False, False, False, False]


def test_what_is_kept_is_read_again(proofs: PooledProofs, tmp_path: Path) -> None:
    """Question, origin and decisions come back as they were."""
    write_pooled(proofs, tmp_path / "kept.json")
    again = read_pooled(tmp_path / "kept.json")
    assert again.asked == proofs.asked == asked_of(QUESTION)
    assert again.origin == origin_of(cross_fitting())
    assert list(again.decisions) == list(proofs.decisions)
    assert proofs.table().splitlines()[1].startswith("A00001,A,0,")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": 2}', '{"format": 1, "asked": {}, "origin": {}, "decisions": [{}]}'],
)
def test_what_is_no_record_of_proofs_is_refused(text: str, tmp_path: Path) -> None:
    """One sentence says which file it is."""
    path = tmp_path / "kept.json"
    path.write_text(text)
    with pytest.raises(ManifestError, match=r"kept\.json: expected pooled proofs, got"):
        read_pooled(path)


def test_a_draw_is_the_same_each_time_and_grows() -> None:
    """AFib stands first; a larger draw begins with the smaller one."""
    crossfit = cross_fitting()
    assert sorted(drawn(crossfit, each=9, seed=1).tolist()) == list(NAMES)
    one, all_of_them = (drawn(crossfit, each=each, seed=1).tolist() for each in (1, 2))
    assert one == [all_of_them[0], all_of_them[2]]
    assert set(all_of_them[:2]) == {"A00001", "A00003"}


def test_the_record_states_the_engine_by_its_code(proofs: PooledProofs, tmp_path: Path) -> None:
    """A digest of 64 hexadecimal digits, and the fold models of the network alone."""
    write_pooled(proofs, tmp_path / "kept.json")
    origin = json.loads((tmp_path / "kept.json").read_text())["origin"]
    assert len(bytes.fromhex(origin["engine_sha256"])) == 32
    assert origin["models"] == {"network-0": "a", "network-1": "b"}


def test_the_record_states_what_noise_it_is_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other noise in the same place is another question; without any there is none."""
    asked = replace(QUESTION, kind="noise")
    monkeypatch.delenv("VERICASE_DATA", raising=False)
    with pytest.raises(SourceError, match="expected recorded noise"):
        asked_of(asked)
    assert "noise_sha256" not in asked_of(QUESTION)
    digests = []
    for factor in (1, 2):
        folder = tmp_path / f"{factor}" / "nstdb"
        folder.mkdir(parents=True)
        for name in NOISES:
            write_files(folder, wfdb_record(name, factor * steps()))
        monkeypatch.setenv("VERICASE_DATA", str(folder.parent))
        digests.append(asked_of(asked)["noise_sha256"])
        one = asked_of(replace(asked, noise=folder / NOISES[0]))["noise_sha256"]
        assert one not in digests
    assert digests[0] != digests[1]


def test_the_engine_is_all_that_proofs_are_computed_with() -> None:
    """What its modules import of ours is of it too, or told here to change no proof."""
    apart = {
        # Labels and rhythms are held to the cross-fitting.
        *("afib.crossfit", "afib.dataset", "afib.sources", "afib.decision"),
        # What settings say stands in the model, and is of its digest.
        *("afib.settings", "afib.errors", "nnassure.errors"),
        # Heights of QRS complexes are told beside proofs.
        "afib.beats",
    }
    inside = [module.__name__ for module in ENGINE]
    for module in ENGINE:
        path = Path(str(module.__file__))
        files = path.parent.rglob("*.py") if path.stem == "__init__" else [path]
        for file in files:
            for name in _imported(ast.parse(file.read_text(encoding="utf-8"))):
                known = any(name == each or name.startswith(f"{each}.") for each in inside)
                told = any(name == each or name.startswith(f"{each}.") for each in apart)
                assert known or told, f"{file.name} imports {name}"


def _imported(tree: ast.Module) -> set[str]:
    """Our modules that run, and not only check types."""
    return {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.partition(".")[0] in {"afib", "nnassure"}
        and node not in _of_types(tree)
    }


def _of_types(tree: ast.Module) -> list[ast.AST]:
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return [inner for block in blocks for inner in ast.walk(block)]


def _loaded(folder: Path) -> Checkpoint:
    return Checkpoint.load(folder)


def test_the_toolbox_attacks_only_where_it_is_asked_to() -> None:
    """It need not be installed, and it is no part of a proof."""
    assert QUESTION.attack().art_restarts == 0
    asked = replace(QUESTION, art_restarts=1)
    assert asked.attack() == replace(QUESTION.attack(), art_restarts=1)


@pytest.mark.parametrize(("more", "runs"), [([], 0), (["--art"], 1)])
def test_the_option_asks_the_toolbox(more: list[str], runs: int) -> None:
    """As `afib certify --art` does, and not without."""
    parser = argparse.ArgumentParser()
    add_options(parser.add_subparsers())
    parsed = parser.parse_args(["certify", "A00001", "--radius-mv", "0.01", *more])
    assert _challenge(parsed).attack().art_restarts == runs
