"""What git tracks, for the rules beside this file."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tracked(*patterns):
    """Paths from the root, of files that are there: one that is being renamed is tracked and gone."""
    command = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    paths = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return [path for path in paths if path and os.path.isfile(os.path.join(ROOT, path))]


def lines(path):
    """The lines of a text file; none of what is no text."""
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return file.read().splitlines()
    except UnicodeDecodeError:
        return []


def report(problems):
    """Prints them; the exit status of a rule."""
    for problem in problems:
        print(problem)
    return 1 if problems else 0
