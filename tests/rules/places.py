#!/usr/bin/python3
"""The tree stands anywhere: it names no folder of a machine it was written on, and no registry."""

import os
import re
import sys

from tree import ROOT, lines, report, tracked

# A person's or a machine's folders; /tmp, /usr and /etc are everybody's.
FOLDER = re.compile(r"(?<![\w.$}-])/(?:work|root|home|Users|mnt|workspace)/[\w.-]+")
# Where packages come from is for each machine to say.
REGISTRY = re.compile(
    r"registry\.npmjs\.org|registry\.yarnpkg\.com|npm\.pkg\.github\.com|pypi\.org|pythonhosted\.org|"
    r"deb\.debian\.org|security\.debian\.org|archive\.ubuntu\.com|docker\.io|ghcr\.io|quay\.io|"
    r"artifactory|jfrog|sonatype|\bnexus\b|\"resolved\":\s*\"http|^\s*(?:registry|index-url|extra-index-url)\s*=",
    re.IGNORECASE,
)
ITSELF = "tests/rules/places.py"


def here():
    """This checkout and this person's home, whatever they are called."""
    places = {ROOT, os.path.realpath(ROOT), os.path.expanduser("~")}
    return [place for place in places if place.count("/") > 1]


def judge(path):
    for number, line in enumerate(lines(path), 1):
        found = FOLDER.search(line) or REGISTRY.search(line)
        if found:
            yield f"{path}:{number}: names a place of one machine or a registry: {found[0]}"
        for place in here():
            if place in line:
                yield f"{path}:{number}: names this checkout or this home: {place}"


if __name__ == "__main__":
    sys.exit(report([problem for path in tracked() if path != ITSELF for problem in judge(path)]))
