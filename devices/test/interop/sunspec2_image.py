"""What pysunspec2 encodes of SunSpec models, and what it means by it; prints JSON.

    sunspec2_image.py <id,...>    each model by itself: id, registers as hex, values by name

Values are made up here: they differ from point to point, every seventh is not implemented. Repeating groups are there
twice. Points of groups are called group1.point where a group repeats, group.point where not.
"""

import json
import sys

import sunspec2.device as device

TWICE = 2
# by registers of a point: spreads values over all of them, below 2^53
SPREAD = {1: 1, 2: 30_011, 4: 100_000_000_003}


def counters(group):
    for part in group.get("groups", []):
        if isinstance(part.get("count"), str):
            yield part["count"]
        yield from counters(part)


def empty(group):
    """As much data as makes pysunspec2 allot groups that only the model's length counts."""
    return {
        part["name"]: [empty(part)] * TWICE if part.get("count") is not None else empty(part)
        for part in group.get("groups", [])
    }


def points_of(group, prefix=""):
    for name, point in group.points.items():
        yield prefix + name, point
    for name, part in group.groups.items():
        for i, one in enumerate(part if isinstance(part, list) else [part]):
            yield from points_of(one, f"{prefix}{name}{i + 1 if isinstance(part, list) else ''}.")


def made_up(point, turn):
    """A value that fits the point's type, as it stands in the registers."""
    kind = point.pdef["type"]
    symbols = [symbol["value"] for symbol in point.pdef.get("symbols", [])]
    if kind == "sunssf":
        return turn % 5 - 2
    if kind == "string":
        return f"text {turn}"[: 2 * point.len]
    if kind.startswith("float"):
        return (turn % 2 * 2 - 1) * (1000.25 + 37.5 * turn)
    if kind.startswith("enum") and symbols:
        return symbols[turn % len(symbols)]
    if kind.startswith("bitfield"):
        bits = symbols or range(8)
        return sum(1 << bit for i, bit in enumerate(bits) if (i + turn) % 3 == 0)
    if kind.startswith("int"):
        return (turn % 2 * 2 - 1) * (1 + turn * 991 % 30000) * SPREAD[point.len]
    return (1 + turn * 1237 % 60000) * SPREAD[point.len]


def model(id):
    group = device.get_model_def(id)["group"]
    counts = {name: TWICE for name in counters(group)}
    one = device.Model(id, data={**empty(group), **counts})
    for turn, (name, point) in enumerate(points_of(one)):
        kept = name in ("ID", "L") or name in counts or point.pdef["type"] in ("pad", "sunssf")
        if point.pdef["type"] == "sunssf":
            point.value = made_up(point, turn)
        elif not kept:
            point.value = None if turn % 7 == 6 else made_up(point, turn)
    if one.error_info:
        raise ValueError(f"{id}: {one.error_info}")
    types = {name: point.pdef["type"] for name, point in points_of(one)}
    values = {
        name: point.cvalue
        for name, point in points_of(one)
        if name not in ("ID", "L") and types[name] not in ("pad", "sunssf")
    }
    return {"id": id, "registers": one.get_mb().hex(), "values": values}


print(json.dumps([model(int(id)) for id in sys.argv[1].split(",")]))
