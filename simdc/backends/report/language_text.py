"""What a report says of a language model, as a part of the table and as the object `llm` of JSON."""

from __future__ import annotations

from simdc.cost.machines import AnyMachine
from simdc.cost.result import Number, add_up

from .columns import Style, percent
from .language import DecodeStep, Llm
from .model import Report
from .units import DRAM, unit_for

BITS_PER_MIB = 8192 * 1024
NS = 1e-9
LENGTHS_SHOWN = 12


def language_table(report: Report, style: Style) -> str:
    """Times, cache and roles of the layers; then the curve and the text that is made, where they were asked for."""
    llm = report.llm
    if llm is None:
        return ""
    return "\n\n".join(
        part
        for part in (
            style.lines(_lines(llm)),
            _parts(llm, report, style),
            _made(llm, report, style),
        )
        if part
    )


def _lines(llm: Llm) -> list[str]:
    each = "" if llm.sequences == 1 else f" of {llm.sequences} sequences each"
    lines = [f"{llm.phase}: {llm.tokens:,} token{'s' * (llm.tokens > 1)}{each}, context {llm.context:,}"]
    energy = "" if llm.token_energy_pj is None else f", {llm.token_energy_pj / 1e6:,.4g} uJ a token"
    if name := _latency_name(llm):
        lines[0] += f"; {name} {llm.runtime_s * 1e3:,.4g} ms"
    lines[0] += f", {llm.tokens_per_s:,.4g} tokens/s{energy}"
    if llm.useful_macs != llm.macs:
        lines.append(f"{llm.useful_macs:,} of {llm.macs:,} MACs are useful, the others behind a causal mask")
    if llm.cache is not None:
        cache = llm.cache
        lines.append(
            f"cache: {cache.token_bits / 8:,.0f} bytes a token, {cache.bits / BITS_PER_MIB:,.4g} MiB in all; "
            f"more than the weights from {cache.outweighs:,} tokens on"
        )
    if llm.recomputed_bits:
        text = "computed again for the backward pass, scores and softmaxes of attention would free"
        lines.append(f"{text} {llm.recomputed_bits / BITS_PER_MIB:,.4g} MiB of what is kept")
    return lines


def _latency_name(llm: Llm) -> str:
    return {"prefill": "TTFT", "decode": "TPOT"}.get(llm.phase, "")


def _parts(llm: Llm, report: Report, style: Style) -> str:
    whole, dram = report.total.cycles.total, report.total.dram_bits.total
    unit = unit_for([part.dram_bits for part in llm.parts], DRAM)
    rows = [
        [
            part.role,
            f"{part.layers}",
            f"{part.cycles:,.0f}",
            percent(part.cycles, whole),
            unit.text(part.dram_bits),
            percent(part.dram_bits, dram),
        ]
        for part in llm.parts
    ]
    heads = ["role", "layers", "runtime [cycle]", "share [%]", f"DRAM [{unit.name}]", "share [%]"]
    return style.table(heads, rows, left=1)


def _made(llm: Llm, report: Report, style: Style) -> str:
    found: list[str] = []
    hardware = report.hardware
    if llm.curve:
        unit = unit_for([step.dram_bits for step in llm.curve], DRAM)
        shown = llm.curve if len(llm.curve) <= LENGTHS_SHOWN else _some(llm.curve)
        rows = [
            [
                f"{step.context:,}",
                f"{step.cycles:,.0f}",
                f"{_seconds(step.cycles, hardware) * 1e3:,.4g}",
                f"{_rate(llm, step, hardware):,.4g}",
                unit.text(step.dram_bits),
                *([f"{step.energy_pj / 1e6 / llm.sequences:,.4g}"] if hardware.has_prices else []),
            ]
            for step in shown
        ]
        heads = ["context", "TPOT [cycle]", "TPOT [ms]", "tokens/s", f"DRAM [{unit.name}]"]
        heads += ["energy a token [uJ]"] if hardware.has_prices else []
        found.append(style.table(heads, rows, left=0))
        lines = [
            f"{piece.first:,} to {piece.last:,} tokens: {piece.cycles:,.0f} {piece.slope:+,.4g} (L - {piece.first:,}) "
            f"cycles, at most {100 * piece.error:.2g} % off at the lengths priced"
            for piece in llm.law
        ]
        found.append("\n".join(lines))
    if (made := llm.generation) is not None:
        total = made.prefill.cycles + made.steps.cycles
        energy = (made.prefill.energy_pj + made.steps.energy_pj) / 1e6
        text = f", {energy:,.4g} uJ" if hardware.has_prices else ""
        found.append(
            f"prompt of {made.prompt:,} tokens, {made.made:,} made after it: {total:,.0f} cycles, "
            f"{_seconds(total, hardware) * 1e3:,.4g} ms{text}; "
            f"prefill {made.prefill.cycles:,.0f}, steps {made.steps.cycles:,.0f} cycles"
        )
    return "\n\n".join(found)


def _some(curve: tuple[DecodeStep, ...]) -> tuple[DecodeStep, ...]:
    """A dozen of them, the first and the last among them."""
    return tuple(curve[round(at * (len(curve) - 1) / (LENGTHS_SHOWN - 1))] for at in range(LENGTHS_SHOWN))


def _seconds(cycles: Number, hardware: AnyMachine) -> float:
    return cycles * hardware.clock_ns * NS


def _rate(llm: Llm, step: DecodeStep, hardware: AnyMachine) -> float:
    return llm.sequences / _seconds(step.cycles, hardware) if step.cycles else 0.0


def language_data(report: Report) -> dict[str, object]:
    """The object `llm` of cost.schema.json, in an object; empty for a network without attention."""
    llm, hardware = report.llm, report.hardware
    if llm is None:
        return {}
    latency = {"TTFT": "ttft_s", "TPOT": "tpot_s"}.get(_latency_name(llm))
    data: dict[str, object] = {
        "phase": llm.phase,
        "tokens": llm.tokens,
        "context": llm.context,
        "sequences": llm.sequences,
        **({latency: llm.runtime_s} if latency else {}),
        "tokens_per_s": llm.tokens_per_s,
        "token_energy_pj": llm.token_energy_pj,
        "macs": llm.macs,
        "useful_macs": llm.useful_macs,
        **({} if llm.cache is None else {"cache": llm.cache._asdict()}),
        "parts": [part._asdict() for part in llm.parts],
        **({} if llm.recomputed_bits is None else {"recomputed_bits": llm.recomputed_bits}),
    }
    if llm.curve:
        steps = [_step(step, hardware) for step in llm.curve]
        data["curve"] = {"steps": steps, "law": [piece._asdict() for piece in llm.law]}
    if (made := llm.generation) is not None:
        data["generation"] = {
            "prompt": made.prompt,
            "made": made.made,
            "prefill": _step(made.prefill, hardware),
            "steps": _step(made.steps, hardware),
            "runtime_s": _seconds(add_up((made.prefill.cycles, made.steps.cycles)), hardware),
        }
    return {"llm": data}


def _step(step: DecodeStep, hardware: AnyMachine) -> dict[str, object]:
    energy = step.energy_pj if hardware.has_prices else None
    return {**step._asdict(), "energy_pj": energy, "runtime_s": _seconds(step.cycles, hardware)}
