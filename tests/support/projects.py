"""A project with requirements and cases in a folder of its own, and pytest run on it.

The subject is a thermometer: what it is verified for has no network in it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

# pytester forgets what a run in this process imported first; numpy cannot be imported again.
import jinja2
import pytest
import scipy.stats as scipy_stats

from tests.support.documents import requirement_record, write_records
from vericase.evidence import CaseOutcome, EvidenceLog, Outcome
from vericase.findings import Finding
from vericase.gate import GateDecision, decide
from vericase.matrix import TraceMatrix, trace
from vericase.schema import load_requirements
from vericase.store import load_evidence
from vericase.verdict import Verdict

__all__ = ["PASSING", "Project"]

_KEPT_LOADED = (jinja2, scipy_stats)
#: Other plugins cost time and show nothing here; random order is asked for where it is tested.
_QUIET = ("randomly", "cacheprovider", "pytest_cov", "hypothesispytest", "timeout")

#: One case that shows ROB-001 of `requirement_record`.
PASSING = '''
import pytest
from vericase import Proportion, Sample, Scalar

@pytest.mark.verifies("ROB-001")
def test_share(measure):
    """Of a hundred readings, the share within tolerance."""
    measure("share", Proportion(95, 100))
'''


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with requirements/, cases, and reports/."""

    pytester: pytest.Pytester

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return self.pytester.path

    @property
    def evidence_file(self) -> Path:
        """Where the plugin writes unless it is told otherwise."""
        return self.folder / "reports" / "evidence.json"

    def demand(self, *records: object, name: str = "rob.yaml") -> None:
        """Write requirements; without *records* the one of `requirement_record`."""
        write_records(self.folder / "requirements", name, list(records) or [requirement_record()])

    def write(self, name: str, content: str) -> Path:
        """Write any file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content), encoding="utf-8")
        return path

    def cases(self, source: str, name: str = "test_cases.py") -> None:
        """Write a module of cases, with pytest and the measurements imported."""
        imports = "import pytest\nfrom vericase import Proportion, Sample, Scalar\n\n"
        self.write(name, imports + dedent(source))

    def data(self, *, scope: str = "clinic", rehearsal: object = False) -> Path:
        """Write a manifest, and a conftest that registers it for every case."""
        manifest = {"scope": scope, "rehearsal": rehearsal}
        path = self.write("manifest.json", json.dumps(manifest) + "\n")
        self.register(data=path)
        return path

    def register(self, **subjects: Path) -> None:
        """Write a conftest that registers *subjects* for every case."""
        lines = "\n".join(
            f"    vericase_subject({name!r}, {str(path)!r})" for name, path in subjects.items()
        )
        self.write(
            "conftest.py",
            "import pytest\n\n"
            '@pytest.fixture(scope="session", autouse=True)\n'
            f"def subjects(vericase_subject):\n{lines}\n",
        )

    def run(self, *arguments: str, using: str = "") -> pytest.RunResult:
        """Run pytest in this process, *using* a plugin that is off otherwise.

        An interruption of that run does not interrupt the run of this test.
        """
        return self.pytester.runpytest_inprocess(
            *_options(using), *arguments, no_reraise_ctrlc=True
        )

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in a process of its own."""
        return self.pytester.runpytest_subprocess(*_options(), *arguments)

    def log(self) -> EvidenceLog:
        """The evidence as it stands on disk."""
        return load_evidence(self.evidence_file)[0]

    def findings(self) -> tuple[Finding, ...]:
        """What does not fit."""
        return self.matrix().findings

    def matrix(self) -> TraceMatrix:
        """Evidence against the requirements as they stand on disk."""
        requirements = load_requirements(self.folder / "requirements")
        log, findings = load_evidence(self.evidence_file)
        return trace(requirements, log, findings=findings)

    def decision(self) -> GateDecision:
        """What the gate makes of it."""
        return decide(self.matrix())

    def case(self, ending: str = "::test_share") -> CaseOutcome:
        """The only case whose id ends so."""
        (found,) = (case for case in self.log().cases if case.case_id.endswith(ending))
        return found

    def outcomes(self) -> dict[str, Outcome]:
        """How each case ended, by what follows the module in its id."""
        return {case.case_id.split("::", 1)[1]: case.outcome for case in self.log().cases}

    def verdicts(self) -> dict[str, Verdict]:
        """The verdict of every requirement."""
        return {row.requirement.id: row.verdict for row in self.matrix().rows}

    def criteria(self) -> dict[str, tuple[Verdict, str]]:
        """Verdict and reason of every criterion."""
        return {
            row.criterion.id: (row.verdict, row.reason)
            for requirement in self.matrix().rows
            for row in requirement.criteria
        }


def _options(using: str = "") -> Sequence[str]:
    return [part for name in _QUIET if name != using for part in ("-p", f"no:{name}")]
