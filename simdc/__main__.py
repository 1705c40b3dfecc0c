from simdc.cli import entry

raise SystemExit(entry())
