"""Where onnx and onnxruntime are not installed, questions are not exchanged."""

from __future__ import annotations

import importlib.util

import pytest

__all__ = ["needs_onnx"]

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")),
    reason="onnx and onnxruntime are not installed",
)
