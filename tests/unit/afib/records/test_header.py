"""The grammar of WFDB headers: what is read, and what is refused with its reason."""

from __future__ import annotations

import pytest

from afib.errors import RecordError
from afib.records.header import parse_header

TOP = "r 1 300 9000"
FORMAT = "a format such as 16 or 16+24, without skew or samples per frame"
LINE = "r.dat 16 1000(0)/mV 16 0 12 0 0 ECG"


def _problems(text: str | bytes) -> tuple[str, ...]:
    content = text if isinstance(text, bytes) else text.encode("latin-1")
    with pytest.raises(RecordError) as caught:
        parse_header("r", "r.hea", content)
    assert caught.value.record == "r"
    return caught.value.problems


def _line(line: str) -> tuple[str, ...]:
    return _problems(f"{TOP}\n{line}\n")


def test_a_header_of_physionet_2017_is_read() -> None:
    """Byte offset, blanks at the ends of lines and Windows line ends are as they are published."""
    header = parse_header(
        "A00002",
        "A00002.hea",
        b"A00002 1 300 9000 11:05:25 1/05/2000 \r\nA00002.mat 16+24 1000/mV 16 0 128 0 0 ECG \r\n",
    )
    assert (header.rate_hz, header.samples, header.signals) == (300.0, 9000, 1)
    assert (header.file, header.format, header.byte_offset) == ("A00002.mat", 16, 24)
    assert (header.gain, header.baseline, header.mv_per_unit) == (1000.0, 0, 1.0)
    assert (header.checksum, header.lead) == (0, "ECG")


def test_what_the_format_defines_for_absent_fields_is_used() -> None:
    """Without a unit it is mV, without a baseline the ADC zero, without a checksum none."""
    header = parse_header("r", "r.hea", b"# made by us\nr 1 250.5 100\n\nr.dat 212 200 11 1024\n")
    assert header.rate_hz == 250.5
    assert (header.gain, header.baseline, header.mv_per_unit) == (200.0, 1024, 1.0)
    assert (header.checksum, header.lead, header.byte_offset) == (0, "", 0)


def test_an_explicit_baseline_wins_over_the_adc_zero() -> None:
    """A baseline of 0 in brackets is 0, whatever the ADC zero is."""
    header = parse_header("r", "r.hea", b"r 1 300 100\nr.dat 16 200(0)/uV 11 1024\n")
    assert (header.baseline, header.mv_per_unit) == (0, 0.001)


def test_the_first_of_several_signals_is_described() -> None:
    """Signals of one file share its samples in turn; the first one's gain and name count."""
    header = parse_header(
        "r", "r.hea", b"r 2 360 650\nr.dat 16 200(1024)/V 11 0 0 7 0 lead II\nr.dat 16 1 12\n"
    )
    assert (header.signals, header.lead, header.checksum) == (2, "lead II", 7)
    assert (header.baseline, header.mv_per_unit) == (1024, 1000.0)


@pytest.mark.parametrize(
    ("top", "problem"),
    [
        ("r 1 3e2 9000", "rate: expected a decimal number, got '3e2'"),
        ("r 1 -300 9000", "rate: expected a decimal number, got '-300'"),
        ("r 1 300Hz 9000", "rate: expected a decimal number, got '300Hz'"),
        ("r 1 300,0 9000", "rate: expected a decimal number, got '300,0'"),
        ("r 1 300/360(0) 9000", "rate: expected a decimal number, got '300/360(0)'"),
        ("r 1 0 9000", "rate: expected 50 to 10000 Hz, got 0"),
        ("r 1 999999 9000", "rate: expected 50 to 10000 Hz, got 999999"),
        ("r 1", "rate: expected a value, got none"),
        ("r 1 300", "number of samples: expected a value, got none"),
        (
            "r 1 300 0",
            "number of samples: expected 1 to 67108864 over all signals, got 0",
        ),
        (
            "r 1 300 1000000000",
            "number of samples: expected 1 to 67108864 over all signals, got 1000000000",
        ),
        ("r 0 300 9000", "number of signals: expected 1 to 64, got 0"),
        ("r 2 300 9000", "number of signals: expected the number of lines below, 1, got 2"),
        (
            "r/4 1 300 9000",
            "record name: expected letters, digits, - and _, got 'r/4'",
        ),
        ("s 1 300 9000", "record name: expected 'r', got 's'"),
        ("r 1 300 9000 25h 1/1/2000", "time: expected a time hh:mm:ss, got '25h'"),
        ("r 1 300 9000 1:00:00 1.1.2000", "date: expected a date dd/mm/yyyy, got '1.1.2000'"),
        ("r 1 300 9000 1:00:00 1/1/2000 x", "expected at most 6 fields, got 7"),
    ],
)
def test_a_broken_record_line_is_refused(top: str, problem: str) -> None:
    """What wfdb would cut off, fill in or guess in the first line is a refusal."""
    assert f"r.hea:1: {problem}" in _problems(f"{top}\n{LINE}\n")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("r.dat 16 1E3", "gain: expected gain(baseline)/unit such as 1000(0)/mV, got '1E3'"),
        ("r.dat 16 -1000", "gain: expected gain(baseline)/unit such as 1000(0)/mV, got '-1000'"),
        ("r.dat 16 nan", "gain: expected gain(baseline)/unit such as 1000(0)/mV, got 'nan'"),
        ("r.dat 16 0", "gain: expected more than 0, got 0, which means not calibrated"),
        ("r.dat 16 0.000/mV", "gain: expected more than 0, got 0, which means not calibrated"),
        ("r.dat 16", "gain: expected a value, got none"),
        ("r.dat 16 1 000/mV", "ADC resolution: expected a count, got '000/mV'"),
        ("r.dat 16 1000/mmHg", "unit: expected mV, uV or V, got 'mmHg'"),
        ("r.dat 61 1000", "format: expected one of 16, 24, 32, 80, 212, got 61"),
        ("r.dat 8 1000", "format: expected one of 16, 24, 32, 80, 212, got 8"),
        (
            "r.dat 16x2 1000",
            f"format: expected {FORMAT}, got '16x2'",
        ),
        (
            "r.dat 16:1000000000 1000",
            f"format: expected {FORMAT}, got '16:1000000000'",
        ),
        ("../r.dat 16 1000", "file: expected a file name without a folder, got '../r.dat'"),
        ("/etc/passwd 16 1000", "file: expected a file name without a folder, got '/etc/passwd'"),
        ("s.dat 16 1000", "file: expected one named 'r', got 's.dat'"),
        ("r.dat 16 1000 16 0 0 1e3", "checksum: expected an integer, got '1e3'"),
    ],
)
def test_a_broken_signal_line_is_refused(line: str, problem: str) -> None:
    """What wfdb would read as another signal is a refusal that names line and field."""
    assert _line(line) == (f"r.hea:2: {problem}",)


def test_signals_of_different_files_or_formats_are_refused() -> None:
    """All signals of a record lie in one file in one format."""
    text = f"r 3 300 9000\n{LINE}\nr.dat 212 1000\nx.dat 16 1000\n"
    assert _problems(text) == (
        "r.hea:3: expected the file and format of the first signal, got r.dat in format 212",
        "r.hea:4: expected the file and format of the first signal, got x.dat in format 16",
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only a comment\n"])
def test_a_header_without_a_record_line_is_refused(content: bytes) -> None:
    """An empty header describes nothing."""
    assert _problems(content) == ("r.hea: expected a record line, got none",)


@pytest.mark.parametrize("byte", [0x00, 0x0B, 0x1C, 0x7F, 0xB0, 0xFF])
def test_bytes_that_a_reader_may_drop_are_refused(byte: int) -> None:
    """A flipped high bit or a NUL inside a number never shortens it."""
    content = f"r 1 3{chr(byte)}00 9000\n{LINE}\n".encode("latin-1")
    assert _problems(content) == ("r.hea: expected printable ASCII, got other bytes",)


def test_every_broken_field_is_named() -> None:
    """The problems of all lines are told together."""
    assert len(_problems("r 1 3e2 9k 1h\n" + LINE)) == 3
    assert len(_line("a/b 16x 1e3 x y z")) == 6


def test_long_fields_are_cut_in_the_message() -> None:
    """A hostile header does not flood the screen."""
    (problem,) = _problems(f"r 1 {'9' * 5000} 9000\n{LINE}\n")
    assert len(problem) < 120
