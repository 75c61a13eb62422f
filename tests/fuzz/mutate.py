"""Damage that a seed decides: the same number makes the same bytes on every machine.

A mutator takes the bytes of an intact file and a random.Random, and gives bytes that may be wrong.
Those of a format keep what a reader checks first (checksums, lengths, compressed streams), so that
the damage arrives behind the first check.
"""

import io
import json
import re
import struct
import zipfile
import zlib

EXTREMES = (
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    32767,
    65535,
    1 << 31,
    (1 << 31) - 1,
    (1 << 32) - 1,
    1 << 62,
)
NUMBERS = (
    *("0", "-1", "1e400", "-1e400", "1e-400", "NaN", "Infinity", "2147483648", "4294967295"),
    *("99999999999999999999", "9" * 5000, "0.5", "-0", "1e9", "100000", "true", "null", '"7"'),
)
TEXTS = (
    *(
        "",
        "../../x",
        "/etc/passwd",
        "C:\\x",
        "con",
        ".hidden",
        "a/../../b",
        "x" * 300,
        "\0",
        "\ud800",
    ),
    *(
        "café",
        "\u202e",
        "line\nbreak",
        "#ff0000",
        "[]",
        "{}",
        "1",
        "nan",
        "\x1fname\x1f1\x1f",
        "é" * 200,
    ),
)
VALUES = (
    *(None, True, False, 0, -1, 1 << 31, 1 << 63, 10**30, 0.5, 1e308, -1e308, [], {}, [[]], [None]),
    *([0] * 3, [[0, 0], [1e9, 1e9]], {"size": [1 << 20, 1 << 20], "counts": "0"}, {"": ""}),
)


def mutate(data, kind, random):
    """One to three mutators of a kind, one after the other."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        changed = random.choice(MUTATORS[kind])(data, random)
        data = data if changed is None else changed
    return data


def flip_bits(data, random):
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(data, random):
    return data[: random.randrange(len(data) + 1)]


def drop_block(data, random):
    start, end = _range(data, random)
    return data[:start] + data[end:]


def repeat_block(data, random):
    start, end = _range(data, random)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 50)) + data[end:]


def splice(data, random):
    """A block of the file over another one of it."""
    start, end = _range(data, random)
    at = random.randrange(len(data) + 1)
    return data[:at] + data[start:end] + data[at + end - start :]


def extreme_number(data, random):
    """A binary number of 1 to 8 bytes, in either byte order."""
    size, order = random.choice((1, 2, 4, 8)), random.choice(("little", "big"))
    number = random.choice(EXTREMES) % (1 << 8 * size)
    at = random.randrange(max(1, len(data) - size + 1))
    return data[:at] + number.to_bytes(size, order) + data[at + size :]


def _range(data, random):
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 4, 16, 64, 1000)))


def text_number(data, random):
    """A number in text becomes another one."""
    return _replaced(rb"-?\d+(\.\d+)?", data, random.choice(NUMBERS).encode(), random)


def text_string(data, random):
    """A text in quotes becomes another one."""
    text = json.dumps(random.choice(TEXTS), ensure_ascii=random.random() < 0.5)
    return _replaced(rb'"[^"\n]*"', data, text.encode("utf-8", "surrogatepass"), random)


def deep_nesting(data, random):
    open, close = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"(", b")")))
    depth = random.choice((3, 100, 100_000))
    at = random.randrange(len(data) + 1)
    return data[:at] + open * depth + close * random.choice((0, depth)) + data[at:]


def other_encoding(data, random):
    text = data.decode("utf-8", "replace")
    name = random.choice(("utf-16", "utf-8-sig", "latin-1", "utf-32"))
    return text.encode(name, "replace")


def lines(data, random):
    """A line that is left out, given twice or moved."""
    rows = data.splitlines(keepends=True)
    if not rows:
        return None
    at = random.randrange(len(rows))
    row = rows.pop(at) if random.random() < 0.6 else rows[at]
    for _ in range(random.choice((0, 1, 1, 2000))):
        rows.insert(random.randrange(len(rows) + 1), row)
    return b"".join(rows)


def _replaced(pattern, data, text, random):
    found = list(re.finditer(pattern, data))
    if not found:
        return None
    match = random.choice(found)
    return data[: match.start()] + text + data[match.end() :]


def json_node(data, random):
    """Somewhere in the tree: another value, another key, one more, one less, one twice."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return None
    spots = list(_spots(tree))
    if not spots:
        return None
    parent, key = random.choice(spots)
    act = random.randrange(6)
    if act == 0:
        del parent[key]
    elif act == 1:
        parent[key] = random.choice(VALUES)
    elif act == 2:
        parent[key] = random.choice(TEXTS)
    elif act == 3:
        parent[key] = [parent[key]] * random.choice((1, 2, 1000))
    elif act == 4 and isinstance(parent, dict):
        parent[random.choice((*TEXTS, *parent))] = parent.pop(key)
    else:
        other, place = random.choice(spots)
        value = json.dumps(parent[key])  # a copy: a tree that holds itself cannot be written
        other[place] = json.loads(value)
    return json.dumps(tree, ensure_ascii=random.random() < 0.8).encode("utf-8", "surrogatepass")


def _spots(tree):
    pairs = enumerate(tree) if isinstance(tree, list) else getattr(tree, "items", list)()
    for key, value in list(pairs):
        yield tree, key
        yield from _spots(value)


def xml_element(data, random):
    """An element left out, given many times, or put into itself."""
    found = list(re.finditer(rb"<(\w+)[^<>]*?(/>|>[^<]*</\1>)", data))
    if not found:
        return None
    match = random.choice(found)
    piece = random.choice(
        (b"", match[0] * 2, match[0] * 300, b"<%s>%s</%s>" % (match[1], match[0], match[1]))
    )
    return data[: match.start()] + piece + data[match.end() :]


def png_chunk(data, random):
    """A chunk left out, given twice, moved, or with another body; checksums are right."""
    chunks = list(_chunks(data))
    if not chunks:
        return None
    at = random.randrange(len(chunks))
    act = random.randrange(5)
    name, body = chunks[at]
    if act == 0:
        del chunks[at]
    elif act == 1:
        chunks.insert(random.randrange(len(chunks) + 1), (name, body))
    elif act == 2:
        chunks[at] = name, random.choice((flip_bits, cut, extreme_number))(body, random)
    elif act == 3:
        new = random.choice(
            (b"acTL", b"fcTL", b"eXIf", b"tRNS", b"PLTE", b"iCCP", b"zTXt", b"XXXX", b"fdAT")
        )
        chunks.insert(
            random.randrange(len(chunks) + 1),
            (new, random.randbytes(random.choice((0, 8, 26, 300)))),
        )
    else:
        random.shuffle(chunks)
    return _png(chunks)


def png_header(data, random):
    """Sizes, depths and kinds that the pixels may contradict."""
    chunks = list(_chunks(data))
    if not chunks or len(chunks[0][1]) != 13:
        return None
    values = list(struct.unpack(">IIBBBBB", chunks[0][1]))
    at = random.randrange(7)
    sizes = (0, 1, 2, 17, 1000, 16384, 65535, 1 << 20, (1 << 31) - 1, (1 << 32) - 1)
    values[at] = random.choice(sizes) if at < 2 else random.choice((0, 1, 2, 3, 4, 6, 8, 16, 255))
    chunks[0] = chunks[0][0], struct.pack(">IIBBBBB", *values)
    return _png(chunks)


def png_pixels(data, random):
    """The filtered rows: some less, some more, other bytes; compressed and summed again."""
    chunks = list(_chunks(data))
    try:
        rows = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    except zlib.error:
        return None
    rows = random.choice((cut, flip_bits, drop_block, repeat_block, extreme_number))(rows, random)
    packed = zlib.compress(rows, random.choice((0, 1, 9)))
    if random.random() < 0.3:
        packed = random.choice((cut, flip_bits))(packed, random)
    at = next(i for i, (name, _) in enumerate(chunks) if name == b"IDAT")
    rest = [(name, body) for name, body in chunks if name != b"IDAT"]
    return _png([*rest[:at], (b"IDAT", packed), *rest[at:]])


def _chunks(data):
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _png(chunks):
    sums = ((n, b, struct.pack(">I", zlib.crc32(n + b))) for n, b in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(b)) + n + b + s for n, b, s in sums
    )


def npy_header(data, random):
    """Another shape, type or order, in a header of the right length."""
    (length,) = struct.unpack_from("<H", data.ljust(10, b"\0"), 8)
    header = data[10 : 10 + length]
    patterns = (rb"\(\d*,? ?\d*\)", rb"'[<>|=][a-z]\d+'", rb"False|True", rb"\d+", rb"'\w+'")
    words = (
        *(b"(1000000, 1000000)", b"(0, 0)", b"()", b"(-1, 5)", b"(" * 500, b"'|O'", b"'<U9999999'"),
        *(
            b"'<f8'",
            b"'<c16'",
            b"'|b1'",
            b"[('a', '<i4')]",
            b"True",
            b"9" * 6000,
            b"__import__('os')",
        ),
    )
    changed = _replaced(random.choice(patterns), header, random.choice(words), random)
    if changed is None:
        return None
    return data[:8] + struct.pack("<H", len(changed) & 0xFFFF) + changed + data[10 + length :]


def mat_element(data, random):
    """A compressed element of a .mat file, unpacked, damaged and packed again."""
    if len(data) < 136:
        return None
    kind, length = struct.unpack_from("<II", data, 128)
    if kind != 15:
        return random.choice((extreme_number, flip_bits))(data[128:], random).join(
            (data[:128], b"")
        )
    try:
        inner = zlib.decompress(data[136 : 136 + length])
    except zlib.error:
        return None
    inner = random.choice((extreme_number, flip_bits, cut, repeat_block))(inner, random)
    packed = zlib.compress(inner)
    return data[:128] + struct.pack("<II", 15, len(packed)) + packed


def safetensors_header(data, random):
    """The table of tensors, in a header of the right length."""
    (length,) = struct.unpack_from("<Q", data.ljust(8, b"\0"))
    header = data[8 : 8 + length]
    changed = random.choice((json_node, text_number, text_string))(header, random)
    return (
        None if changed is None else struct.pack("<Q", len(changed)) + changed + data[8 + length :]
    )


def zip_member(data, random):
    """A file in an archive, with the sums of the archive right."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            names = old.namelist()
            chosen = random.choice(names)
            for name in names:
                body = old.read(name)
                if name == chosen:
                    body = random.choice((flip_bits, cut, extreme_number, repeat_block))(
                        body, random
                    )
                new.writestr(name, body)
    except (
        zipfile.BadZipFile,
        IndexError,
        NotImplementedError,
        ValueError,
        OSError,
        EOFError,
        zlib.error,
    ):
        return None
    return out.getvalue()


BINARY = (flip_bits, cut, drop_block, repeat_block, splice, extreme_number)
TEXT = (
    *BINARY,
    text_number,
    text_number,
    text_string,
    text_string,
    deep_nesting,
    other_encoding,
    lines,
    lines,
)
MUTATORS = {
    "binary": BINARY,
    "text": TEXT,
    "json": (*TEXT, *[json_node] * 16),
    "xml": (*TEXT, *[xml_element] * 4),
    "png": (*BINARY, *[png_chunk, png_header, png_pixels] * 4),
    "npy": (*BINARY, *[npy_header] * 8),
    "mat": (*BINARY, *[mat_element] * 8),
    "safetensors": (*BINARY, *[safetensors_header] * 8),
    "zip": (*BINARY, *[zip_member] * 8),
}
