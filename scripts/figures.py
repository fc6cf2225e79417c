#!/usr/bin/env python3
"""Measures docs/performance.md again.

    scripts/figures.py [--quick] [--only TEXT]

The page says itself what is measured: every `$ ` line of its console blocks is run, with the release build of Kubound,
and what follows it becomes what it printed. A block that needs a program that is not there stays as it is; cluster.py,
which makes clusters of many workloads, is taken from ../shared/many. `--only` runs the blocks that have this text in a
command. `--quick` runs everything at small sizes, once, and prints the page instead of writing it: a way to try the
script, not a source of figures.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
KUBOUND = ROOT / "target" / "release" / "kubound"
GENERATOR = ROOT.parent / "shared" / "many" / "cluster.py"

BLOCK = re.compile(r"^(```console[^\n]*\n)(.*?)^```$", re.MULTILINE | re.DOTALL)
MACHINE = re.compile(r"(<!-- machine -->).*?(<!-- end -->)", re.DOTALL)
# What --quick makes of a command.
SMALLER = [(r"--scale 5000", "--scale 50"), (r"--scale 100\b", "--scale 10"), (r"--scale 10,[\d,]+", "--scale 10"),
           (r"--scale 1\.\.100", "--scale 1..5"), (r" --runs \d+", ""), (r"(kubound bench.*)", r"\1 --runs 1"),
           (r"--workloads \d+ --nodes \d+", "--workloads 30 --nodes 10")]
# Exit codes of answers: a check may find a violation, as most cases have one.
ANSWERS = {"check": (0, 1)}


def tell(text):
    print(text, file=sys.stderr, flush=True)


def machine():
    """Cores and memory of this machine, in words, and whether it is busy: figures are then too large."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = ", which did other things at the same time" if os.getloadavg()[0] > 1 else ""
    return f"{cores} cores and {round(memory / 2**30)} GiB of memory{busy}"


class Figures:
    """A run of all commands of the page."""

    def __init__(self, directory, quick, only):
        self.directory = directory
        self.quick = quick
        self.only = only
        self.troubles = []
        programs = directory / "programs"
        programs.mkdir()
        (programs / KUBOUND.name).symlink_to(KUBOUND)
        if GENERATOR.exists():
            generator = programs / GENERATOR.name
            generator.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{GENERATOR}" "$@"\n', encoding="utf-8")
            generator.chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def block(self, match):
        """A block with new output."""
        head, body = match.groups()
        commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
        if not any(self.only in command for command in commands):
            return match.group()
        missing = [name for name in (command.split()[0] for command in commands)
                   if not shutil.which(name, path=self.environment["PATH"])]
        if missing:
            tell(f"kept, as there is no {missing[0]}: {commands[0]}")
            return match.group()
        return head + "".join(self.run(command) for command in commands) + "```"

    def run(self, command):
        """A command and what it prints."""
        for pattern, smaller in SMALLER if self.quick else []:
            command = re.sub(pattern, smaller, command)
        tell(f"$ {command}")
        done = subprocess.run(command.split(), cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode not in ANSWERS.get(command.split()[1], (0,)):
            self.troubles.append(f"exit code {done.returncode}: {command}")
        printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
        return f"$ {command}\n{printed}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, once; prints the page and writes nothing")
    parser.add_argument("--only", default="", metavar="TEXT", help="only blocks that have this text in a command")
    arguments = parser.parse_args()
    if not KUBOUND.exists():
        sys.exit("there is no release build: `make figures` makes one")
    # Before anything runs, for what runs here is no other thing.
    described = machine()
    with tempfile.TemporaryDirectory() as directory:
        figures = Figures(Path(directory), arguments.quick, arguments.only)
        page = BLOCK.sub(figures.block, PAGE.read_text(encoding="utf-8"))
    page = MACHINE.sub(lambda match: match.group(1) + described + match.group(2), page)
    if arguments.quick:
        print(page, end="")
    else:
        PAGE.write_text(page, encoding="utf-8")
        tell(f"written: {PAGE.relative_to(ROOT)}")
    if figures.troubles:
        sys.exit("\n".join(figures.troubles))


if __name__ == "__main__":
    main()
