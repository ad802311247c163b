"""The desk at which commands of `afib` are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.device_desk import DeviceDesk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> DeviceDesk:
    """A desk in an empty folder, with a cache of its own and no data folder named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VERICASE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("VERICASE_DATA", raising=False)
    return DeviceDesk(tmp_path, capsys)
