"""How strange a record is to a network: one score a record, higher is stranger.

A detector is fitted on the features and logits of records that the network was made for, and says
of any record how far it lies from them; a threshold on the score is where a device says nothing.
What a detector holds are arrays alone, so that it is stored with the weights and used without the
library that fitted it.
"""

from nnassure.ood.combined import Combined
from nnassure.ood.density import Density
from nnassure.ood.distances import Mahalanobis, Neighbours, VirtualLogit
from nnassure.ood.exposed import Exposed
from nnassure.ood.histograms import Histograms
from nnassure.ood.interface import Detector, as_arrays, from_arrays
from nnassure.ood.kernel import ExposedKernel
from nnassure.ood.odin import nearer_to_a_class
from nnassure.ood.softmax import Energy, MaxSoftmax
from nnassure.ood.thresholds import (
    threshold_at_acceptance,
    threshold_at_detection,
    threshold_between,
)

__all__ = [
    "Combined",
    "Density",
    "Detector",
    "Energy",
    "Exposed",
    "ExposedKernel",
    "Histograms",
    "Mahalanobis",
    "MaxSoftmax",
    "Neighbours",
    "VirtualLogit",
    "as_arrays",
    "from_arrays",
    "nearer_to_a_class",
    "threshold_at_acceptance",
    "threshold_at_detection",
    "threshold_between",
]
