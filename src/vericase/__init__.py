"""Requirements-driven verification: YAML requirements, pytest cases, evidence, and a gate.

The names a verification case needs are here; everything else is imported from its module.
"""

from vericase.measurement import Coverage, Proportion, Sample, Scalar, Slices

__all__ = ["Coverage", "Proportion", "Sample", "Scalar", "Slices"]
