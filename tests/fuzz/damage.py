"""Ways to spoil a file: blindly, at the fields of its layout, or, in a text, at its words.

Each takes a source of chance and bytes, and returns other bytes; the same chance gives the same bytes.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Sequence
from typing import Final

Damage = Callable[[random.Random, bytes], bytes]

_NUMBERS: Final = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


# Blindly


def flip_bits(chance: random.Random, data: bytes) -> bytes:
    """Flip 1 to 64 bits anywhere."""
    spoilt = bytearray(data)
    for _ in range(1 << chance.randrange(7)):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def flip_head(chance: random.Random, data: bytes) -> bytes:
    """Flip bits among the first 1,024 bytes, where headers are."""
    return flip_bits(chance, data[:1024]) + data[1024:]


def cut(chance: random.Random, data: bytes) -> bytes:
    """Keep the first part."""
    return data[: chance.randrange(len(data) + 1)]


def lose(chance: random.Random, data: bytes) -> bytes:
    """Lose a part in the middle."""
    start, stop = _span(chance, data)
    return data[:start] + data[stop:]


def repeat(chance: random.Random, data: bytes) -> bytes:
    """Repeat a part."""
    start, stop = _span(chance, data)
    return data[:stop] + data[start:stop] * chance.choice((1, 2, 50)) + data[stop:]


def blank(chance: random.Random, data: bytes) -> bytes:
    """Overwrite a part with zeros, ones or noise."""
    start, stop = _span(chance, data)
    filling = chance.choice((b"\0", b"\xff", None))
    return data[:start] + (filling * (stop - start) if filling else chance.randbytes(stop - start)) + data[stop:]


def splice(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Begin as one file and go on as another."""
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def _span(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 4, 16, 200, 5000)))


# At the fields of containers

_ISO: Final = (
    *(b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"hdlr", b"minf", b"stbl"),
    *(b"stsd", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss", b"avc1", b"avcC", b"hvcC", b"pasp", b"colr"),
    *(b"moof", b"mfhd", b"tfhd", b"tfdt", b"trun", b"mvex", b"trex", b"mdat", b"udta"),
)
_TIMES: Final = (b"stts", b"ctts", b"elst", b"mdhd", b"mvhd", b"tkhd", b"tfdt", b"trun")
_EBML: Final = (
    *(b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x2a\xd7\xb1", b"\x44\x89", b"\x16\x54\xae\x6b"),
    *(b"\xae", b"\xe0", b"\xb0", b"\xba", b"\x54\xb0", b"\x54\xba", b"\x23\xe3\x83", b"\x1f\x43\xb6\x75", b"\xe7"),
    *(b"\xa3", b"\xa0", b"\x1c\x53\xbb\x6b", b"\x86", b"\x63\xa2"),
)
_RIFF: Final = (b"RIFF", b"hdrl", b"avih", b"strl", b"strh", b"strf", b"vids", b"movi", b"idx1", b"00dc", b"odml")
_GIF: Final = (b"GIF89a", b"\x21\xf9\x04", b"\x21\xff\x0b", b"\x2c\0\0\0\0")
_ZIP: Final = (b"PK\1\2", b"PK\1\2", b"PK\3\4", b"PK\5\6")
_TS: Final = (b"\x47\x40", b"\x47\x41", b"\0\0\1\xe0", b"\0\0\1\xba", b"\0\0\1\xb3")


def set_box_length(chance: random.Random, data: bytes) -> bytes:
    """Give an MP4 box another length."""
    at = _find(chance, data, _ISO)
    return data if at is None or at < 4 else _with_number(chance, data, at - 4, ">I")


def set_box_field(chance: random.Random, data: bytes) -> bytes:
    """Overwrite a number within an MP4 box: size, count, time, edit, matrix."""
    return _after(chance, data, _ISO, reach=80, form=">I")


def set_box_time(chance: random.Random, data: bytes) -> bytes:
    """Overwrite several of the numbers that times are made of."""
    for _ in range(chance.randrange(1, 5)):
        data = _after(chance, data, _TIMES, reach=48, form=">I")
    return data


def set_matrix(chance: random.Random, data: bytes) -> bytes:
    """Turn, shear, enlarge or flatten the picture by any amount."""
    at = data.find(b"tkhd")
    if at < 0 or len(data) < at + 80:
        return data
    nine = [chance.choice((0, 1, -1, 0x10000, -0x10000, 0xB504, 0x7FFFFFFF, -0x80000000)) for _ in range(9)]
    return data[: at + 44] + struct.pack(">9i", *nine) + data[at + 80 :]


def set_element(chance: random.Random, data: bytes) -> bytes:
    """Overwrite the size or the content of a Matroska element."""
    return _after(chance, data, _EBML, reach=6, form=chance.choice((">B", ">H", ">I", ">Q")))


def set_chunk(chance: random.Random, data: bytes) -> bytes:
    """Overwrite a length or a number within an AVI chunk."""
    return _after(chance, data, _RIFF, reach=56, form="<I")


def set_gif(chance: random.Random, data: bytes) -> bytes:
    """Overwrite a size or a delay of a GIF."""
    return _after(chance, data, _GIF, reach=10, form=chance.choice(("<B", "<H")))


def set_packet(chance: random.Random, data: bytes) -> bytes:
    """Overwrite bytes in a packet header of a transport or programme stream."""
    return _after(chance, data, _TS, reach=24, form=chance.choice((">B", ">H", ">I")))


def set_entry(chance: random.Random, data: bytes) -> bytes:
    """Overwrite a size, an offset or a flag of a zip."""
    return _after(chance, data, _ZIP, reach=42, form=chance.choice(("<H", "<I")))


def _after(chance: random.Random, data: bytes, names: Sequence[bytes], *, reach: int, form: str) -> bytes:
    at = _find(chance, data, names)
    return data if at is None else _with_number(chance, data, at + chance.randrange(reach) // 2 * 2, form)


def _find(chance: random.Random, data: bytes, names: Sequence[bytes]) -> int | None:
    """Return the place right behind, or of a four-letter name at, one of those that are there."""
    found = [name for name in names if name in data]
    if not found:
        return None
    name = chance.choice(found)
    places = [each.start() for each in re.finditer(re.escape(name), data)]
    at = chance.choice(places[:20])
    return at if len(name) == 4 and name.isalnum() else at + len(name)


def _with_number(chance: random.Random, data: bytes, at: int, form: str) -> bytes:
    size = struct.calcsize(form)
    if not 0 <= at <= len(data) - size:
        return data
    number = chance.choice((*_NUMBERS, chance.getrandbits(32))) & ((1 << 8 * size) - 1)
    return data[:at] + struct.pack(form, number) + data[at + size :]


BLIND: Final[tuple[Damage, ...]] = (flip_bits, flip_head, cut, lose, repeat, blank)
BY_SUFFIX: Final[dict[str, tuple[Damage, ...]]] = {
    ".mp4": (set_box_length, set_box_field, set_box_time, set_matrix),
    ".mov": (set_box_length, set_box_field, set_box_time, set_matrix),
    ".mkv": (set_element,),
    ".webm": (set_element,),
    ".avi": (set_chunk,),
    ".gif": (set_gif,),
    ".ts": (set_packet,),
    ".mpg": (set_packet,),
    ".npz": (set_entry,),
    ".task": (set_entry,),
}


# At the words of texts

_MOST: Final = 20_000_000
_DEEP: Final = 100_000
_VALUES: Final = (
    *("0", "-1", "1e308", "1e999", "-1e999", "nan", "NaN", "inf", "Infinity", "true", "null", '""', "[]", "{}", "0x10"),
    *("9" * 5000, "1" * 400 + ".5", "[" * _DEEP, "{" * _DEEP, '{"a":' * 3000, "[1, [2, [3]]]", "1979-05-27T07:32:00Z"),
    *('"\\ud800"', '"\\u0000"', '"\N{RIGHT-TO-LEFT OVERRIDE}\N{COMBINING ACUTE ACCENT}"', f'"{"x" * 70_000}"', "'''"),
    *(
        '"\\u001b[31m"',
        '"=1+1"',
        '"../../../etc/passwd"',
        '"--help"',
        '"http://127.0.0.1:9/"',
        "a.b.c = 1",
        "\n\n[x]\n",
    ),
)
_BITS: Final = (
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xed\xa0\x80",
    b"\r",
    b"\x1b[31m",
    "\u2028".encode(),
    b'"',
    b"\\",
)
_WORD: Final = re.compile(rb'-?\d+\.?\d*(?:e-?\d+)?|"[^"\n]*"|true|false|null')


def set_value(chance: random.Random, data: bytes) -> bytes:
    """Put something odd in place of a value, or of a name in quotes."""
    words = list(_WORD.finditer(data))
    if not words:
        return data
    word = chance.choice(words)
    return data[: word.start()] + chance.choice(_VALUES).encode() + data[word.end() :]


def set_values(chance: random.Random, data: bytes) -> bytes:
    """Do that up to eight times."""
    for _ in range(chance.randrange(2, 9)):
        data = set_value(chance, data)
    return data


def insert_bits(chance: random.Random, data: bytes) -> bytes:
    """Insert what no text should hold."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_BITS) * chance.choice((1, 1, 1000)) + data[at:]


def shuffle_lines(chance: random.Random, data: bytes) -> bytes:
    """Swap, lose or repeat lines."""
    lines = data.splitlines(keepends=True)
    for _ in range(chance.randrange(1, 4)):
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one] = chance.choice((lines[other], b"", lines[one] * 2, lines[one] * 3000))
    return b"".join(lines)[:_MOST]


def rename(chance: random.Random, data: bytes) -> bytes:
    """Give a name another letter."""
    places = [each.start() for each in re.finditer(rb"[a-z_]{4,}", data)]
    if not places:
        return data
    at = chance.choice(places)
    return data[:at] + bytes([chance.randrange(97, 123)]) + data[at + 1 :]


TEXTUAL: Final[tuple[Damage, ...]] = (set_value, set_values, insert_bits, shuffle_lines, rename, cut, flip_bits)
