"""YAML to requirements, hazards and intended use; every problem of every file at once.

The only door to YAML. What YAML would read in a surprising way is refused instead of
guessed: duplicate keys, anchors, tags, and scalars such as `no`, `010` or `1e-3`.
"""

from vericase.schema.folder import load_requirements
from vericase.schema.published import json_schemas

__all__ = ["json_schemas", "load_requirements"]
