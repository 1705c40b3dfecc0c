"""Where the time goes that one run takes less, or more, than another of the same network: in words."""

from __future__ import annotations

from simdc.backends.report import Report

from .amounts import amount

LONGER = 1.05
"""Of two times the larger one is worth a word from this ratio on."""
NAMED = 3


def in_words(first: Report, other: Report) -> str:
    """One sentence on how long `other` takes, by operators, and which layers take longer there. Layers belong together
    by name."""
    # 10 ms in conv2d and 4 ms in relu against 4 and 3: conv2d saves 6 ms, relu 1.
    before = {layer.name: layer for layer in first.layers}
    saved: dict[str, float] = {}
    slower: list[str] = []
    for layer in other.layers:
        if layer.name in before:
            was = before[layer.name].cost.cycles.total * first.hardware.clock_ns * 1e-9
            now = layer.cost.cycles.total * other.hardware.clock_ns * 1e-9
            saved[layer.operator] = saved.get(layer.operator, 0.0) + was - now
            if now > LONGER * was:
                slower.append(layer.name)
    whole = first.total.runtime_s(first.hardware)
    ratio = other.total.runtime_s(other.hardware) / whole if whole else 1.0
    text = f"On {other.hardware.title} {first.network} takes {ratio:.2f} times as long as on {first.hardware.title}"
    ranked = sorted(saved.items(), key=lambda entry: -abs(entry[1]))[:NAMED]
    parts = [f"{name} {'saves' if time > 0 else 'costs'} {amount(abs(time), 's')}" for name, time in ranked if time]
    if parts:
        text += f": {', '.join(parts)}"
    if slower:
        names = ", ".join(slower[:NAMED]) + (", …" if len(slower) > NAMED else "")
        count = f"{len(slower):,} layer{'s take' if len(slower) > 1 else ' takes'}"
        text += f"; {count} longer: {names}" if len(slower) < len(other.layers) else "; every layer takes longer"
    return f"{text}."
