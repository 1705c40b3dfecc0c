"""`simdc list`: what there is of a kind, and where it is from."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

SUMMARY = "the passes, models, ops, layers, machines, networks, front ends or reports that there are"
HELP = "Shows what there is of a kind, what it is, and whether it is built in or from which plug-in."
EPILOG = """examples:
  simdc list networks
  simdc --list passes
"""
KINDS = ["passes", "models", "ops", "layers", "hardware", "networks", "frontends", "reports"]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))


def run(arguments: Namespace) -> int:
    from simdc.backends.output import write_text

    from .listing import listing

    write_text(listing(arguments.kind), None)
    return 0
