"""Work without the collector."""

import gc

import pytest

from vericase.garbage import no_collection


def test_the_collector_rests_and_goes_on() -> None:
    """It is as it was afterwards, also when the work fails."""
    assert gc.isenabled()
    with no_collection():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), no_collection():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    """Nothing is turned on that somebody turned off."""
    gc.disable()
    try:
        with no_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
