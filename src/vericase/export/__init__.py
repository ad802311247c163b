"""The matrix in the formats of other tools; every one is made from the same table."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vericase.export.junit import as_junit
from vericase.export.reqif import as_reqif
from vericase.export.sarif import as_sarif
from vericase.export.text import as_csv, as_json, as_markdown
from vericase.export.xlsx import as_xlsx
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix

__all__ = ["EXPORTS"]

#: By format, what makes its bytes.
EXPORTS: Mapping[str, Callable[[TraceMatrix, GateDecision], bytes]] = MappingProxyType(
    {
        "csv": as_csv,
        "json": as_json,
        "junit": as_junit,
        "markdown": as_markdown,
        "reqif": as_reqif,
        "sarif": as_sarif,
        "xlsx": as_xlsx,
    }
)
