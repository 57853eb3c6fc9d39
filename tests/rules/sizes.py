#!/usr/bin/python3
"""Lines, functions and files have a size that a person can read."""

import ast
import os
import sys

from tree import lines, report, tracked

COLUMNS = {".c": 100, ".h": 100, ".py": 120, ".mjs": 120, ".sh": 120, ".lua": 120}
FUNCTION_MAX = 60
FILE_MAX = 600

# Files that may be longer, up to this many lines. Most are suites whose cases share one fixture and stand in the
# order of what they test: a new case belongs there as long as it needs the fixture. The ceiling is the reminder to
# look for a seam.
LONGER = {
    "tests/flows/test_authorize.py": 700,  # one parameter after the other
    "tests/flows/upstream.py": 650,  # the hostile provider: what it can do wrong, in one place
    "tests/unit/test_fields.c": 1200,  # every kind of field, good and refused
    "tests/unit/test_flow.c": 700,  # every way through the step engine
    "tests/unit/test_http_client.c": 1100,  # one server that misbehaves for each case
    "tests/unit/test_http_parse.c": 800,  # one refused spelling after the other
    "tests/unit/test_http_server_clients.c": 650,  # one client that misbehaves after the other
    "tests/unit/test_jws.c": 750,  # every algorithm against known answers
    "tests/unit/test_node.c": 900,  # one shape of YAML after the other
    "tests/unit/test_redis.c": 650,  # every command against a real server
    "tests/unit/test_redis_faults.c": 1150,  # one fault of a server after the other
    "tests/unit/test_settings.c": 1150,  # one key of the configuration after the other
    "tests/unit/test_sqlite.c": 700,  # files that were cut, locked, taken away
    "tests/unit/test_store.c": 1050,  # the conformance suite of all engines
}


def c_functions(text):
    """(line of the brace, line that names it, lines of the body): the formatter puts the braces into column one."""
    begin = 0
    for number, line in enumerate(text, 1):
        if line == "{":
            begin = number
        elif line == "}" and begin:
            yield begin, text[begin - 2].strip(), number - begin + 1
            begin = 0


def python_functions(text):
    for node in ast.walk(ast.parse("\n".join(text))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.name, node.end_lineno - node.lineno + 1


FUNCTIONS = {".c": c_functions, ".h": c_functions, ".py": python_functions}


def suffix_of(path, text):
    if text and text[0].startswith("#!"):
        return ".py" if "python" in text[0] else ".sh"
    return os.path.splitext(path)[1]


def judge(path):
    text = lines(path)
    suffix = suffix_of(path, text)
    if suffix not in COLUMNS:
        return
    for number, line in enumerate(text, 1):
        if len(line) > COLUMNS[suffix]:
            yield f"{path}:{number}: {len(line)} columns, {COLUMNS[suffix]} are allowed"
    for number, name, length in FUNCTIONS.get(suffix, lambda _: ())(text):
        if length > FUNCTION_MAX:
            yield f"{path}:{number}: {length} lines in one function, {FUNCTION_MAX} are allowed: {name}"
    if len(text) > LONGER.get(path, FILE_MAX):
        yield f"{path}:1: {len(text)} lines in one file, {LONGER.get(path, FILE_MAX)} are allowed: look for the seam"
    if path in LONGER and len(text) <= FILE_MAX:
        yield f"{path}:1: has become shorter than {FILE_MAX} lines; tests/rules/sizes.py need not name it any more"


if __name__ == "__main__":
    files = tracked()
    gone = [f"tests/rules/sizes.py: {path} is not there any more" for path in LONGER if path not in files]
    sys.exit(report(gone + [problem for path in files for problem in judge(path)]))
