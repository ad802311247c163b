"""Laws of properties as VNN-LIB."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnassure.exchange import Property, read_vnnlib, write_vnnlib

_numbers = st.floats(allow_nan=False, allow_infinity=False)
_boxes = st.lists(st.tuples(_numbers, _numbers).map(sorted), min_size=1, max_size=12)


@given(box=_boxes, threshold=_numbers, relation=st.sampled_from(["<=", ">="]))
def test_what_is_written_is_read_to_the_last_bit(
    box: list[list[float]], threshold: float, relation: str
) -> None:
    """Whatever float64 the ends and the threshold are."""
    ends = np.array(box, dtype=np.float64)
    asked = Property(
        lower=ends[:, 0],
        upper=ends[:, 1],
        relation=relation,  # type: ignore[arg-type]  # one of both
        threshold=threshold,
    )
    text = write_vnnlib(asked, title="t")
    found = read_vnnlib(text, place="p")
    assert found.lower.tolist() == asked.lower.tolist()
    assert found.upper.tolist() == asked.upper.tolist()
    assert (found.relation, found.threshold) == (relation, threshold)
    assert write_vnnlib(found, title="t") == text
