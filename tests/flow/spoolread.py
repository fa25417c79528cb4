"""A second reader of the spool, written from the description in src/spool/format.h alone: what the programs
say is on disk is checked without the programs."""
import pathlib
import struct

LINE, SOURCE, TICK, STATE, MARK = 1, 2, 3, 4, 5


def records_in(data):
    """(number, arrival_ns, source, type, flags, bytes) of every whole frame before the last mark of a segment."""
    if len(data) < 64 or data[:8] != b"KZKSPOOL":
        return
    at, pending = 64, []
    while at + 32 <= len(data):
        n, _crc, number, arrival, source, kind, meta, flags = struct.unpack_from("<IIQqIBBH", data, at)
        if n < 32 + meta or at + n > len(data) or not 1 <= kind <= 5:
            break
        if kind == MARK:
            yield from pending
            pending = []
        else:
            pending.append((number, arrival, source, kind, flags, data[at + 32 + meta:at + n]))
        at += (n + 7) & ~7


def records(folder):
    """The same of every segment that is not sealed."""
    for path in sorted(pathlib.Path(folder).glob("*.seg")):
        yield from records_in(path.read_bytes())


def lines_in(data):
    return (r[5] for r in records_in(data) if r[3] == LINE)


def lines(folder):
    return [r[5] for r in records(folder) if r[3] == LINE]
