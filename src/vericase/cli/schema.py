"""The command `vericase schema`."""

import argparse
import json

from vericase.cli.common import FINE, Commands, add_command
from vericase.schema import json_schemas

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    schema = add_command(commands, "schema", _schema, "print the JSON Schemas of requirement files")
    schema.add_argument("kind", nargs="?", choices=sorted(json_schemas()))


def _schema(parsed: argparse.Namespace) -> int:
    schemas = json_schemas()
    chosen = schemas[parsed.kind] if parsed.kind else schemas
    print(json.dumps(chosen, indent=2))
    return FINE
