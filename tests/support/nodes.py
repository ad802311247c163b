"""YAML nodes in memory, as the tree gives them: one line a node."""

from vericase.schema.tree import List, Mapping, Node, Text

__all__ = ["listed", "mapped", "plain", "quoted"]


def plain(text: str, line: int = 1) -> Text:
    """A scalar without quotes."""
    return Text(text, quoted=False, line=line)


def quoted(text: str, line: int = 1) -> Text:
    """A scalar in quotes."""
    return Text(text, quoted=True, line=line)


def listed(*items: Node, line: int = 1) -> List:
    """A sequence."""
    return List(list(items), line)


def mapped(entries: dict[str, Node], line: int = 1) -> Mapping:
    """A mapping whose keys stand on lines of their own after *line*."""
    return Mapping(entries, {key: line + i for i, key in enumerate(entries)}, line)
