"""ReqIF files of ours and of other tools, read as requirements; the words that both sides use.

Such a file comes from outside: it is bounded, declares no entity, and ends in a typed error at
worst.
"""

from vericase.reqif.reading import Imported, read_reqif

__all__ = ["Imported", "read_reqif"]
