"""The door to ONNX: nodes in one line as a file, read back and run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nnassure.errors import EngineMissingError, ExchangeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from nnassure.arrays import FloatArray

__all__ = ["Step", "read_onnx", "replayed", "write_onnx"]

_OPERATORS, _FORMAT = 13, 8
_INPUT, _OUTPUT = "X", "Y"
_AXES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One node of a graph in which each reads what the one before wrote.

    Attributes:
        kind: The operator.
        name: Of the node.
        tables: What it is given beside that, in order.
        settings: Its attributes.
    """

    kind: str
    name: str
    tables: tuple[NDArray[Any], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def is_as(self, other: Step) -> bool:
        """Whether both compute the same under the same name."""
        return (
            (self.kind, self.name, self.settings) == (other.kind, other.name, other.settings)
            and len(self.tables) == len(other.tables)
            and all(
                mine.dtype == theirs.dtype and np.array_equal(mine, theirs)
                for mine, theirs in zip(self.tables, other.tables, strict=True)
            )
        )


def write_onnx(steps: Sequence[Step], *, inputs: int) -> bytes:
    """The model of *steps*, from shape (1, *inputs*) to (1, 1); the same bytes for the same steps.

    Raises:
        EngineMissingError: If onnx is not installed.
    """
    onnx = _onnx()
    nodes: list[Any] = []
    tables: list[Any] = []
    flowing = _INPUT
    for place, step in enumerate(steps):
        names = [f"{step.name}.{number}" for number in range(len(step.tables))]
        tables += map(onnx.numpy_helper.from_array, step.tables, names)
        written = _OUTPUT if place == len(steps) - 1 else f"{step.name}:"
        nodes.append(
            onnx.helper.make_node(
                step.kind, [flowing, *names], [written], name=step.name, **step.settings
            )
        )
        flowing = written
    single = onnx.TensorProto.FLOAT
    ends = [
        [onnx.helper.make_tensor_value_info(name, single, shape)]
        for name, shape in ((_INPUT, [1, inputs]), (_OUTPUT, [1, 1]))
    ]
    graph = onnx.helper.make_graph(nodes, "recording", *ends, tables)
    version = onnx.helper.make_opsetid("", _OPERATORS)
    model = onnx.helper.make_model(graph, opset_imports=[version], producer_name="vericase")
    model.ir_version = _FORMAT
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def read_onnx(model: bytes, *, place: str) -> tuple[int, list[Step]]:
    """How many samples *model* takes, and its nodes, if they follow each other in one line.

    Args:
        model: What the file holds.
        place: What messages call it, such as its name.

    Raises:
        EngineMissingError: If onnx is not installed.
        ExchangeError: If it is no model, or none in one line from (1, samples).
    """
    onnx = _onnx()
    try:
        graph = onnx.load_from_string(model).graph
        onnx.checker.check_model(model)
    except Exception as error:
        # Its parsers raise errors of many kinds.
        raise ExchangeError(f"{place}: expected an ONNX model, got {error}") from error
    shapes = [
        tuple(axis.dim_value for axis in each.type.tensor_type.shape.dim) for each in graph.input
    ]
    if len(shapes) != 1 or len(shapes[0]) != _AXES or shapes[0][0] != 1:
        raise ExchangeError(f"{place}: expected one input of shape (1, samples), got {shapes}")
    tables = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    flowing, steps = graph.input[0].name, []
    for node in graph.node:
        given = tuple(tables[name] for name in node.input if name in tables)
        if list(node.input[:1]) != [flowing] or len(given) != len(node.input) - 1:
            raise ExchangeError(
                f"{place}: expected nodes in one line, got {node.op_type} {node.name} "
                f"of {', '.join(node.input)}"
            )
        settings = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        steps.append(Step(kind=node.op_type, name=node.name, tables=given, settings=settings))
        flowing = node.output[0]
    if [each.name for each in graph.output] != [flowing]:
        raise ExchangeError(f"{place}: expected the last node to be the one output, got others")
    return shapes[0][1], steps


def replayed(model: bytes, points_mv: FloatArray) -> FloatArray:
    """The logit that onnxruntime computes of each of *points_mv*, one after the other.

    Args:
        model: What the file holds.
        points_mv: Samples in mV, shape (points, samples), float32.

    Returns:
        Shape (points,), float32.

    Raises:
        EngineMissingError: If onnxruntime is not installed.
        ExchangeError: If it cannot run *model* on such points.
    """
    runtime = _runtime()
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    try:
        session = runtime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        (name,) = (each.name for each in session.get_inputs())
        answers = [session.run(None, {name: point[None]})[0].item() for point in points_mv]
    except Exception as error:
        # It raises errors of many kinds, some of them no subclass but Exception's.
        raise ExchangeError(f"model: expected one that takes these points, got {error}") from error
    return np.array(answers, np.float32)


def _onnx() -> ModuleType:
    try:
        import onnx  # noqa: PLC0415  an extra
        import onnx.checker  # noqa: PLC0415  an extra
        import onnx.numpy_helper  # noqa: PLC0415  an extra
    except ImportError as error:
        raise _missing("onnx") from error
    return onnx


def _runtime() -> ModuleType:
    try:
        import onnxruntime  # noqa: PLC0415  an extra
    except ImportError as error:
        raise _missing("onnxruntime") from error
    module: ModuleType = onnxruntime
    return module


def _missing(name: str) -> EngineMissingError:
    return EngineMissingError(
        f"{name}: expected the package, got none; install it with the extra onnx"
    )
