#!/usr/bin/env python3
"""How long repairs take: every violating example, the slowest first, with what the first repair changes.

    scripts/repairs.py [KUBOUND]

Seconds are those of the clock and of all processors; the latter say more where a machine does other things.
"""
import json
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target" / "release" / "kubound")


def used():
    """Seconds of processors that ended children used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def repaired(example):
    """Seconds by the clock, of processors, and the answer."""
    began, before = time.monotonic(), used()
    command = [PROGRAM, "repair", "--format", "json", "--timeout", "5m", str(example)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began, used() - before
    if done.returncode != 0:
        sys.exit(f"{example}: exit code {done.returncode}: {done.stderr}")
    return *seconds, json.loads(done.stdout)


def change(edit):
    """What an edit does, in a few words."""
    value = edit["to"] if edit["to"] is not None else "left out"
    return f"{edit['object']}: {edit['field']}: {value[:40]}"


def main():
    """Prints the table."""
    examples = ROOT / "examples"
    found = sorted(examples.glob("*-violating")) + sorted(examples.glob("failures/*-violating"))
    rows = [(example.relative_to(examples), *repaired(example)) for example in found]
    print("| example | s | processor s | tried | first repair |\n| --- | --- | --- | --- | --- |")
    for name, clock, processors, answer in sorted(rows, key=lambda row: -row[2]):
        first = "; ".join(change(edit) for edit in answer["repairs"][0]["edits"]) if answer["repairs"] else "none"
        print(f"| {name} | {clock:.1f} | {processors:.1f} | {answer['tried']} | {first} |")


main()
