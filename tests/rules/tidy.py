#!/usr/bin/python3
"""clang-tidy over everything that is compiled: `tidy.py BUILD [PATH...]`, BUILD configured with clang.

A file is looked at again when its preprocessed text, its flags or a .clang-tidy have changed: what was clean is
remembered in BUILD/lint. A finding in a header is told once.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tree import ROOT, lines, tracked

FINDING = re.compile(r"^(/[^:]+:\d+:\d+): (?:warning|error): .*\[[^\]]+\]$")


def compiled(build, wanted):
    """(path, command) of each source file that is tracked, once."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = {os.path.relpath(entry["file"], ROOT): shlex.split(entry["command"]) for entry in json.load(file)}
    ours = set(tracked("*.c"))
    for path in sorted(ours - entries.keys()):
        print(f"{path}: is not compiled by anybody")
    return [(path, entries[path]) for path in sorted(ours & entries.keys()) if not wanted or path in wanted]


def rules_for(path, configured):
    """The .clang-tidy files above that path."""
    return [rules for folder, rules in sorted(configured.items()) if not folder or path.startswith(folder + "/")]


def fingerprint(path, command, rules):
    """Of all that a verdict depends on, comments too: NOLINT is one."""
    output = command.index("-o")
    preprocess = command[:output] + command[output + 2 :] + ["-E", "-C", "-w"]
    preprocess.remove("-c")
    text = subprocess.run(preprocess, cwd=ROOT, capture_output=True, check=False).stdout
    return hashlib.sha256(text + repr((path, command, rules)).encode()).hexdigest()


def look(build, path, command, rules):
    """The findings in one file, as they are to be printed."""
    memory = os.path.join(build, "lint", path.replace("/", "_"))
    now = fingerprint(path, command, rules)
    if os.path.exists(memory) and lines(memory) == [now]:
        return ""
    run = subprocess.run(["clang-tidy", "--quiet", "-p", build, path], cwd=ROOT, capture_output=True, text=True,
                         check=False)
    if run.returncode == 0 and not run.stdout:
        with open(memory, "w", encoding="utf-8") as file:
            file.write(now)
        return ""
    return run.stdout or run.stderr


def fresh(text, told):
    """Without the findings that another file's run has told already."""
    keep, result = True, []
    for line in text.splitlines():
        match = FINDING.match(line)
        if match:
            keep = line not in told
            told.add(line)
        if keep:
            result.append(line.replace(ROOT + "/", ""))
    return result


def main(build, wanted):
    build = os.path.abspath(build)
    os.makedirs(os.path.join(build, "lint"), exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    configured = {os.path.dirname(path): lines(path) for path in tracked(".clang-tidy", "*/.clang-tidy")}
    files = compiled(build, wanted)
    told = set()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for text in pool.map(lambda file: look(build, *file, [version, rules_for(file[0], configured)]), files):
            for line in fresh(text, told):
                print(line)
    print(f"clang-tidy: {len(files)} files, {len(told)} findings")
    return 1 if told or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], set(sys.argv[2:])))
