"""Whether the documents hold what a machine can check; part of `make check`.

Every finding is one sentence with its place. Checked are links and images, named tests and
commands, the shape of decisions and of the glossary, paths of one machine, and whether a reader
finds every page from the README.
"""

import io
import os
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

__all__ = ["Document", "check", "main", "read_documents"]

Program = Callable[[Sequence[str]], int]
Documents = Mapping[str, "Document"]

_PARTS = ["Context", "Decision", "Consequences"]
_GLOSSARY = "docs/glossary.md"
_SHELLS = {"", "bash", "console", "sh", "shell"}
_FENCE = re.compile(r"\s*(```+|~~~+)\s*(\S*)")
_LINKS = (
    re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)"),
    re.compile(r"^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)"),
    re.compile(r"<\w[^>]*\b(?:src|href)=\"([^\"]+)\""),
)
_INLINE_CODE = re.compile(r"(`+)(.+?)\1")
_HEADING = re.compile(r"(#{1,6}) +(.+?) *#*")
_NODE = re.compile(r"([\w./-]+\.py)::([\w:]+)")
_DEFINED = re.compile(r"^ *(?:def|class) (\w+)", re.MULTILINE)
_DECISION = re.compile(r"docs/decisions/([0-9]{4})-[a-z0-9-]+\.md")
_SEPARATORS = frozenset({"|", "||", "&&", ";", "&", ">", ">>", "<"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
_TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)
_VARIABLE = re.compile(r"^([A-Z_]+) \?=", re.MULTILINE)
# A folder that one machine has; an address such as https://host/home/ is none.
_MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:home|root|tmp|work|Users)/")
# In Python the linter finds these.
_TEXTS = (".md", ".yaml", ".yml", ".toml", ".txt", "Makefile")
_MADE_BY_RUNS = frozenset({"artifacts", "build", "dist", "htmlcov", "node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A Markdown file, its lines told apart into prose and code.

    Attributes:
        name: The path from the root of the repository, with slashes.
        prose: Lines outside code blocks, each with its number from 1.
        code: Lines inside code blocks, each with its number and the language of its block.
    """

    name: str
    prose: tuple[tuple[int, str], ...]
    code: tuple[tuple[int, str, str], ...]

    @property
    def sections(self) -> list[tuple[int, str]]:
        """Line number and text of each heading of the second level."""
        found = ((number, _HEADING.fullmatch(line)) for number, line in self.prose)
        return [(number, each[2]) for number, each in found if each and each[1] == "##"]

    @property
    def anchors(self) -> set[str]:
        """What a link may name after the number sign, by GitHub's rule."""
        found = filter(None, (_HEADING.fullmatch(line) for _, line in self.prose))
        return {re.sub(r"[^\w -]", "", each[2].lower()).replace(" ", "-") for each in found}

    @property
    def links(self) -> Iterator[tuple[int, str]]:
        """Line number and target of each link and image."""
        for number, line in self.prose:
            text = _INLINE_CODE.sub("", line)
            for pattern in _LINKS:
                yield from ((number, unquote(target)) for target in pattern.findall(text))

    @property
    def commands(self) -> Iterator[tuple[int, str]]:
        """Line number and text of what may be a command, in code blocks and in inline code."""
        for number, line in self.prose:
            yield from ((number, found[2]) for found in _INLINE_CODE.finditer(line))
        for number, line, language in self.code:
            if language in _SHELLS:
                yield number, line.strip().removeprefix("$ ")


def main(root: Path = Path(__file__).parents[1]) -> int:
    """Print every finding below *root*; 1 if there are any, else 0."""
    from afib.cli import main as afib  # noqa: PLC0415  loads torch, which tests here do without
    from vericase.cli import main as vericase  # noqa: PLC0415  stands with the line above

    findings = check(root, {"afib": afib, "vericase": vericase})
    for finding in findings:
        print(finding)
    print(f"documents: {len(findings) or 'no'} findings")
    return 1 if findings else 0


def check(root: Path, programs: Mapping[str, Program]) -> list[str]:
    """Every finding in the documents below *root*.

    Args:
        root: The repository.
        programs: Commands that documents may name beside those of make, by their entry points.
    """
    documents = read_documents(root)
    return [
        *_broken_links(root, documents),
        *_missing_tests(root, documents),
        *_unknown_commands(root, documents, programs),
        *_malformed_decisions(documents),
        *_glossary_disorder(documents),
        *_machine_paths(root),
        *_unreachable_pages(documents),
    ]


def read_documents(root: Path) -> dict[str, Document]:
    """The Markdown files below *root*, by name; hidden folders and what runs make are left out."""
    names = sorted(name for name in _written_files(root) if name.endswith(".md"))
    return {name: _document(name, (root / name).read_text(encoding="utf-8")) for name in names}


def _written_files(root: Path) -> Iterator[str]:
    for place, folders, files in os.walk(root):
        kept = [name for name in folders if name[0] != "." and name not in _MADE_BY_RUNS]
        folders[:] = [name for name in kept if not Path(place, name, "pyvenv.cfg").is_file()]
        yield from (Path(place, name).relative_to(root).as_posix() for name in files)


def _document(name: str, text: str) -> Document:
    prose: list[tuple[int, str]] = []
    code: list[tuple[int, str, str]] = []
    fence = language = ""
    for number, line in enumerate(text.splitlines(), 1):
        found = _FENCE.match(line)
        if not fence and found:
            fence, language = found[1], found[2]
        elif not fence:
            prose.append((number, line))
        elif found and found[1].startswith(fence) and not found[2]:
            fence = ""
        else:
            code.append((number, line, language))
    return Document(name=name, prose=tuple(prose), code=tuple(code))


def _broken_links(root: Path, documents: Documents) -> Iterator[str]:
    for document in documents.values():
        for number, target in document.links:
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            name = _resolved(document.name, path)
            if name.startswith(("/", "..")) or not (root / name).exists():
                yield f"{document.name}:{number}: expected a file of this repository, got {target}"
            elif anchor and name in documents and anchor not in documents[name].anchors:
                yield f"{document.name}:{number}: expected a heading of {name}, got #{anchor}"


def _resolved(name: str, path: str) -> str:
    """What the document *name* means by *path*, from the root of the repository."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name


def _missing_tests(root: Path, documents: Documents) -> Iterator[str]:
    for document in documents.values():
        for number, line in [*document.prose, *(each[:2] for each in document.code)]:
            for file, names in _NODE.findall(line):
                module = root / file
                text = module.read_text(encoding="utf-8") if module.is_file() else ""
                defined = set(_DEFINED.findall(text))
                if not defined.issuperset(names.split("::")):
                    yield f"{document.name}:{number}: expected a test, got {file}::{names}"


def _unknown_commands(
    root: Path, documents: Documents, programs: Mapping[str, Program]
) -> Iterator[str]:
    makefile = root / "Makefile"
    text = makefile.read_text(encoding="utf-8") if makefile.is_file() else ""
    targets, variables = set(_TARGET.findall(text)), set(_VARIABLE.findall(text))
    for document in documents.values():
        for number, line in document.commands:
            for program, *words in _split(line):
                if program == "make":
                    problems = _make_problems(words, targets, variables)
                elif program in programs:
                    problems = _problems(programs[program], program, words)
                else:
                    continue
                yield from (f"{document.name}:{number}: {problem}" for problem in problems)


def _split(line: str) -> Iterator[list[str]]:
    """The commands of a shell line as words, without assignments before them."""
    lexer = shlex.shlex(line.rstrip("\\"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    # Inline code that no shell could split is no command.
    with suppress(ValueError):
        for word in lexer:
            if word in _SEPARATORS:
                yield words or [""]
                words = []
            elif words or not _ASSIGNMENT.fullmatch(word):
                words.append(word if words else posixpath.basename(word))
    yield words or [""]


def _make_problems(words: Sequence[str], targets: set[str], variables: set[str]) -> Iterator[str]:
    for word in words:
        name, is_assignment, _ = word.partition("=")
        if is_assignment and name not in variables:
            yield f"expected a variable of the Makefile, got {name}"
        elif not is_assignment and word not in targets and not word.startswith("-"):
            yield f"expected a target of the Makefile, got make {word}"


def _problems(program: Program, name: str, words: Sequence[str]) -> Iterator[str]:
    if not words or words[0].startswith("-"):
        return
    told = _help(program, words[0])
    if told is None:
        yield f"expected a command of {name}, got {name} {words[0]}"
        return
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        if not re.search(rf"{re.escape(option)}(?![\w-])", told):
            yield f"expected an option of {name} {words[0]}, got {option}"


@cache
def _help(program: Program, command: str) -> str | None:
    """What *command* of *program* tells of itself; None if there is no such command."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        try:
            program([command, "--help"])
        except SystemExit as end:
            return None if end.code else out.getvalue()
    return None


def _malformed_decisions(documents: Documents) -> Iterator[str]:
    numbers: dict[str, str] = {}
    for name, document in documents.items():
        if posixpath.dirname(name) != "docs/decisions":
            continue
        found = _DECISION.fullmatch(name)
        if not found:
            yield f"{name}: expected a name such as 0001-three-packages.md"
        elif (first := numbers.setdefault(found[1], name)) != name:
            yield f"{name}: expected a number of its own, got that of {first}"
        status = [line for _, line in document.prose if line.startswith("Status: ")]
        if not status or [text for _, text in document.sections if text in _PARTS] != _PARTS:
            yield f"{name}: expected a line Status: and the headings {', '.join(_PARTS)}"


def _glossary_disorder(documents: Documents) -> Iterator[str]:
    last = ""
    for number, text in documents[_GLOSSARY].sections if _GLOSSARY in documents else ():
        if text.casefold() <= last:
            yield f"{_GLOSSARY}:{number}: expected terms in order and each once, got {text}"
        last = text.casefold()


def _machine_paths(root: Path) -> Iterator[str]:
    for name in sorted(name for name in _written_files(root) if name.endswith(_TEXTS)):
        lines = (root / name).read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if found := _MACHINE_PATH.search(line):
                yield f"{name}:{number}: expected no path of one machine, got {found[0]}"


def _unreachable_pages(documents: Documents) -> Iterator[str]:
    reached: set[str] = set()
    waiting = ["README.md"]
    while waiting:
        name = waiting.pop()
        # A link to a folder shows the reader what is in it.
        found = [page for page in documents if page == name or page.startswith(f"{name}/")]
        for page in set(found) - reached:
            reached.add(page)
            targets = (target.partition("#")[0] for _, target in documents[page].links)
            waiting += [_resolved(page, target) for target in targets if target]
    for name in sorted(set(documents) - reached):
        if name.startswith("docs/"):
            yield f"{name}: expected a link to it from the README or a page linked there"


if __name__ == "__main__":
    raise SystemExit(main())
