"""Questions about whole recordings as files that other verifiers read: ONNX and VNN-LIB.

An instance is a network and a property. The network is the whole way from the samples of one
recording to its logit: the filter where there is one, the segments, the layers, the mean over
segments; a sample that stands in several segments is one input. The property asks for a
counterexample: samples in a box whose logit is on the other side of the threshold.
``unsat``, that there is none, is what a proof shows.
"""

from nnassure.exchange.instance import Instance, Read, instance_of, read_instance
from nnassure.exchange.onnx_file import replayed
from nnassure.exchange.vnnlib import Property, read_vnnlib, write_vnnlib

__all__ = [
    "Instance",
    "Property",
    "Read",
    "instance_of",
    "read_instance",
    "read_vnnlib",
    "replayed",
    "write_vnnlib",
]
