#!/usr/bin/python3
"""Arrows go down: a room includes what stands above it in the list of core/README.md, and itself."""

import os
import re
import sys

from tree import ROOT, lines, report, tracked

INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
# What the list alone does not say.
ONLY = {
    "protocol": {"base", "crypto", "plugin", "protocol"},  # pure functions: nothing that waits
    "jail": {"base", "plugin", "jail"},  # a program of its own, with as little in it as can be
}
APART = [{"upstream", "issuer"}]  # they hand over through the ticket
ALONE = {"jail"}  # nobody includes it


def rooms():
    """In the order of the table "Rooms"."""
    return [match[1] for line in lines("core/README.md") if (match := re.match(r"\| `([a-z]+)/` \|", line))]


def refusal(order, room, other):
    """Why `room` may not include a header of `other`, or None."""
    if other == room:
        return None
    if order.index(other) > order.index(room):
        return f"{other} comes after {room} in the list"
    if room in ONLY and other not in ONLY[room]:
        return f"{room} may include only {', '.join(sorted(ONLY[room]))}"
    if {room, other} in APART:
        return f"{room} and {other} do not include each other"
    if other in ALONE:
        return f"nobody includes {other}"
    return None


def judge(order, path):
    room = path.split("/")[1] if path.count("/") > 1 else None
    for number, line in enumerate(lines(path), 1):
        match = INCLUDE.match(line)
        if match is None:
            continue
        quoted, header = match[1] == '"', match[2]
        other = header.split("/")[0]
        if quoted != (other in order):
            yield f"{path}:{number}: <{header}> is written with quotes if it is ours, with <> if it is not"
        elif quoted and not os.path.isfile(os.path.join(ROOT, "core", header)):
            yield f"{path}:{number}: there is no core/{header}"
        elif quoted and room is not None and (why := refusal(order, room, other)):
            yield f'{path}:{number}: "{header}": {why} (core/README.md, "Rooms")'


def judge_room(order, path):
    room = path.split("/")[1]
    if path.count("/") > 1 and room not in order and room != "include":
        yield f"{path}: the room {room} is not in the list of core/README.md"


def judge_plugin(path):
    """A provider is written against the public header, and what C has."""
    for number, line in enumerate(lines(path), 1):
        match = INCLUDE.match(line)
        if match and match[2] not in ("cardea/provider.h", "string.h", "stdint.h", "stddef.h", "stdbool.h"):
            yield f"{path}:{number}: a plugin includes <cardea/provider.h> and nothing of Cardea besides: {match[2]}"


if __name__ == "__main__":
    order = rooms()
    problems = [] if "base" in order and "cli" in order else ['core/README.md: no table of "Rooms" was found']
    for path in tracked("core/*.c", "core/*.h"):
        problems += judge_room(order, path)
        problems += [] if "/include/" in path else judge(order, path)
    for path in tracked("plugins/*.c", "plugins/*.h"):
        problems += judge_plugin(path)
    sys.exit(report(problems))
