"""What makes cases other than they read: asserts left out, conftests left out, hidden cases."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

__all__ = ["surrounding_problems"]

_NAMES = re.compile(rb"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_MARKER = "verifies"


def surrounding_problems(cases: Iterable[pytest.Item]) -> list[str]:
    """Why what *cases* measure may not be what their code says; one sentence a reason."""
    modules: dict[Path, set[str]] = defaultdict(set)
    config: pytest.Config | None = None
    for item in cases:
        config = item.config
        modules[item.path] |= {name.split("[", 1)[0] for name in item.nodeid.split("::")[1:]}
    if config is None:
        return []
    return [
        *_left_out_asserts(),
        *_left_out_conftests(config, modules),
        *_hidden_cases(config.rootpath, modules),
    ]


def _left_out_asserts() -> Iterator[str]:
    if sys.flags.optimize:
        yield "python: expected assert statements to be executed, got -O or PYTHONOPTIMIZE"


def _left_out_conftests(config: pytest.Config, modules: Iterable[Path]) -> Iterator[str]:
    # They count as code of the cases below them, and may hold what keeps a case from passing.
    files = [getattr(plugin, "__file__", None) for plugin in config.pluginmanager.get_plugins()]
    loaded = {Path(file).resolve() for file in files if file and file.endswith("conftest.py")}
    folders = {folder for module in modules for folder in module.parents}
    for folder in sorted(f for f in folders if f.is_relative_to(config.rootpath)):
        path = folder / "conftest.py"
        if path.is_file() and path.resolve() not in loaded:
            name = path.relative_to(config.rootpath)
            yield f"{name}: expected to be loaded, got left out by --noconftest or --confcutdir"


def _hidden_cases(root: Path, modules: Mapping[Path, set[str]]) -> Iterator[str]:
    for path in sorted(modules):
        source = path.read_bytes() if path.suffix == ".py" else b""
        names = _NAMES.findall(source)
        # Most modules use each name once, and need not be parsed.
        if len(set(names)) < len(names):
            name = path.relative_to(root) if path.is_relative_to(root) else path
            yield from _hidden_in(ast.parse(source), str(name), modules[path])


def _hidden_in(tree: ast.Module, module: str, cases: set[str]) -> Iterator[str]:
    """Functions and classes of one name in one body, of which one is a case or holds cases."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for body in (tree.body, *(node.body for node in classes)):
        for first, second in _name_twice(body):
            if first.name in cases or _is_marked(first):
                yield (
                    f"{module}:{second.lineno}: expected each case under a name of its own, "
                    f"got {first.name!r} again, which hides the one in line {first.lineno}"
                )


_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _name_twice(body: Sequence[ast.stmt]) -> Iterator[tuple[_Defined, _Defined]]:
    seen: dict[str, _Defined] = {}
    for node in body:
        if isinstance(node, _Defined):
            if node.name in seen:
                yield seen[node.name], node
            seen[node.name] = node


def _is_marked(node: _Defined) -> bool:
    return any(
        isinstance(part, ast.Attribute) and part.attr == _MARKER
        for decorator in node.decorator_list
        for part in ast.walk(decorator)
    )
