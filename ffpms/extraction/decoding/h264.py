"""H.264 in mp4: reads from slice headers which picture a packet holds (ITU-T H.264, 7.3 and 7.4).

What is rare is not read. Those who ask then get None, and have to decode instead.
"""

from typing import NamedTuple

_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
"""Values of nal_unit_type; with an IDR picture decoding can start."""

_ONE_FRAME = ({_SLICE}, {_IDR})
"""Kinds of slices in a packet that holds one whole frame."""

_WITH_CHROMA_FORMAT = frozenset({100, 110, 122, 244, 44})
"""Values of profile_idc whose parameter sets name a chroma format."""

_HEAD = 24
"""Bytes of a slice in which its header's numbers surely are."""


class Numbering(NamedTuple):
    """How a video numbers its pictures: the bits of its numbers, and what stands between them.

    With ``order_bits`` of 0, pictures are shown in the order of decoding.
    """

    frame_num_bits: int
    order_bits: int
    has_separate_planes: bool
    may_have_fields: bool


class Picture(NamedTuple):
    """What the slices of a frame say of it; ``order`` is its pic_order_cnt_lsb."""

    is_idr: bool
    is_reference: bool
    frame_num: int
    order: int


class _Bits:
    """Reads numbers one after the other."""

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")  # 7.4.1.1: a 3 keeps start codes out of the data
        self._text = bin(int.from_bytes(b"\1" + plain, "big"))[3:]  # the 1 keeps zeros in front
        self._at = 0

    def number(self, n_bits: int) -> int:
        """u(n): a number of ``n_bits``."""
        self._at += n_bits
        return int(self._text[self._at - n_bits : self._at], 2)

    def code(self) -> int:
        """ue(v): a number in Exp-Golomb code (9.1)."""
        n_zeros = self._text.index("1", self._at) - self._at
        self._at += n_zeros
        return self.number(n_zeros + 1) - 1

    def skip_codes(self, count: int) -> None:
        """Skips numbers in Exp-Golomb code: as many bits follow a 1 as zeros stand before it."""
        for _ in range(count):
            self._at = 2 * self._text.index("1", self._at) - self._at + 1


def read_numbering(extradata: bytes) -> Numbering | None:
    """Reads the one sequence parameter set of a stream with 4-byte lengths (ISO/IEC 14496-15,
    5.3.3.1).
    """
    if len(extradata) < 9 or extradata[0] != 1 or extradata[4] & 3 != 3 or extradata[5] & 31 != 1:
        return None
    try:
        return _read_sps(extradata[9 : 8 + int.from_bytes(extradata[6:8], "big")])
    except ValueError:
        return None


def _read_sps(data: bytes) -> Numbering | None:
    bits = _Bits(data)
    profile, has_separate_planes = bits.number(8), False
    bits.number(16)
    bits.code()
    if profile in _WITH_CHROMA_FORMAT:
        has_separate_planes = bits.code() == 3 and bool(bits.number(1))
        bits.skip_codes(2)
        if bits.number(2) & 1:  # own scaling lists
            return None
    frame_num_bits, order_type = bits.code() + 4, bits.code()
    if order_type == 1:
        return None
    order_bits = bits.code() + 4 if order_type == 0 else 0
    bits.code()
    bits.number(1)
    bits.skip_codes(2)
    return Numbering(frame_num_bits, order_bits, has_separate_planes, not bits.number(1))


def read_picture(packet: bytes, numbering: Numbering, extradata: bytes) -> Picture | None:
    """Reads the one frame that a packet holds.

    The result is None where it holds a field, no frame or two, an empty unit, or parameter sets
    that are not in ``extradata``.
    """
    kinds, firsts, is_reference, start = set(), [], True, 0
    while start + 4 < len(packet):
        end = start + 4 + int.from_bytes(packet[start : start + 4], "big")
        if end == start + 4:
            return None
        head = packet[start + 4]
        kind = head & 31
        if _SLICE <= kind <= _IDR:
            kinds.add(kind)
            is_reference = is_reference and head >> 5 & 3 > 0
            data = packet[start + 5 : min(end, start + 4 + _HEAD)]
            if data and data[0] & 128:  # first_mb_in_slice is 0
                firsts.append(data)
        elif kind in (_SPS, _PPS) and packet[start + 4 : end] not in extradata:
            return None
        start = end
    if start != len(packet) or kinds not in _ONE_FRAME or len(firsts) != 1:
        return None
    try:
        return _read_slice(firsts[0], numbering, _IDR in kinds, is_reference)
    except ValueError:
        return None


def _read_slice(data: bytes, numbering: Numbering, is_idr: bool, is_reference: bool) -> Picture | None:
    bits = _Bits(data)
    bits.skip_codes(3)
    if numbering.has_separate_planes:
        bits.number(2)
    frame_num = bits.number(numbering.frame_num_bits)
    if numbering.may_have_fields and bits.number(1):
        return None
    if is_idr:
        bits.skip_codes(1)
    return Picture(is_idr, is_reference, frame_num, bits.number(numbering.order_bits) if numbering.order_bits else 0)
