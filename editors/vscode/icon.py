"""Draws icon.png: a pass matrix, programs by tests, with the winning row and the test that nobody passes.

Run it as `python icon.py` beside the file it writes. Standard library only.
"""

import struct
import zlib
from pathlib import Path

SIZE, SAMPLES = 128, 4
BACKGROUND, PASSED, FAILED, WINNER = (18, 32, 46), (77, 171, 137), (52, 72, 92), (255, 196, 87)
MATRIX = ("pp.p", "wwww", "p.pp", ".p.p")
MARGIN, STEP, RADIUS, CORNER = 31.0, 22.0, 8.2, 26.0


def inside_corner(x: float, y: float) -> bool:
    dx = max(CORNER - x, x - (SIZE - CORNER), 0.0)
    dy = max(CORNER - y, y - (SIZE - CORNER), 0.0)
    return dx * dx + dy * dy <= CORNER * CORNER


def colour(x: float, y: float) -> tuple[int, int, int, int]:
    if not inside_corner(x, y):
        return (0, 0, 0, 0)
    column, row = round((x - MARGIN) / STEP), round((y - MARGIN) / STEP)
    if 0 <= row < 4 and 0 <= column < 4:
        distance = ((x - MARGIN - column * STEP) ** 2 + (y - MARGIN - row * STEP) ** 2) ** 0.5
        cell = MATRIX[row][column]
        if distance <= RADIUS and not (cell == "." and distance <= RADIUS - 2.6):
            return (*{"p": PASSED, "w": WINNER, ".": FAILED}[cell], 255)
    return (*BACKGROUND, 255)


def pixel(px: int, py: int) -> bytes:
    points = [
        colour(px + (i + 0.5) / SAMPLES, py + (j + 0.5) / SAMPLES)
        for i in range(SAMPLES)
        for j in range(SAMPLES)
    ]
    alpha = sum(point[3] for point in points)
    if alpha == 0:
        return bytes(4)
    mixed = [round(sum(point[k] * point[3] for point in points) / alpha) for k in range(3)]
    return bytes([*mixed, round(alpha / len(points))])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
Path(__file__).with_name("icon.png").write_bytes(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(rows, 9))
    + chunk(b"IEND", b"")
)
