"""`simdc compare`: our numbers, layer by layer, beside those that the released SimDIT wrote into a file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .arguments import HOW_TO_TRAIN, add_cache, add_model, add_network, add_output, add_training
from .parser import CommandParser

if TYPE_CHECKING:
    from simdc.backends.report import LayerReport, Report
    from simdc.cost.hardware import Hardware
    from simdc.frontends.simdit_result import SimditLayer, SimditResult

SUMMARY = "our numbers of each layer beside those of a SimDIT result file"
HELP = (
    "Prints compute and stall cycles and the traffic of DRAM and on-chip memories of each layer beside those of a "
    "SimDIT result file, with ratios (ours to SimDIT's). Layers of the same kind and sizes belong together."
)
EPILOG = """examples:
  simdc compare resnet50 --hw HI3 --with simdit-resnet50.json
  simdc compare resnet50 --hw HT3 --batch 32 --train --model simdit --with simdit-training.json
"""
KINDS = {
    "conv": "contraction",
    "conv_bias": "contraction",
    "gemm": "contraction",
    "gemm_no_bias": "contraction",
    "relu": "relu",
    "elem_add": "add",
    "max_pool": "max_pool",
    "avg_pool": "average_pool",
    "global_avg_pool": "global_average_pool",
    "mean_var": "batch_norm_statistics",
    "batch_norm": "batch_norm",
    "batchnorm_grad_x_mu": "batch_norm_grad",
    "relu_grad": "relu_grad",
    "max_pool_grad": "max_pool_grad",
    "average_pool_grad": "average_pool_grad",
    "global_average_pool_grad": "global_average_pool_grad",
    "reduce_sum": "reduce_sum",
    "sgd1d": "sgd",
    "sgd2d": "sgd",
    "sgd4d": "sgd",
}
"""SimDIT's operations by the kinds of our kernels."""
BITS_PER_KIB = 8192
MEASURES = ("compute [cycle]", "stall [cycle]", "DRAM [KiB]", "SRAM [KiB]")

Key = tuple[str, tuple[int, ...]]


def add_arguments(parser: CommandParser) -> None:
    add_network(parser)
    add_cache(parser)
    parser.add_argument("--with", dest="result", metavar="FILE", help="the SimDIT result: a JSON file; needed")
    add_model(parser, "answers")
    add_training(parser)
    parser.needs(HOW_TO_TRAIN, "--train")
    add_output(parser)
    parser.reads("result")
    parser.set_defaults(tiling=None, objective=None, search_steps=None, workers=None, form=None)


def run(arguments: Namespace) -> int:
    """Raises SimdcError."""
    from simdc.backends.output import choose_format, refuse_overwriting, write_text
    from simdc.backends.report.stamp import made_by
    from simdc.errors import UsageError
    from simdc.frontends.reads import inputs_read
    from simdc.frontends.simdit_result import load_simdit_result

    from .inputs import check_chosen
    from .one_report import report_of

    if arguments.result is None:
        beside = "networks and machines side by side are `simdc NETWORK NETWORK --hw MACHINE MACHINE`"
        raise UsageError(f"--with FILE is needed, a result of SimDIT; {beside}", program="simdc compare")
    check_chosen(arguments.model)
    choose_format(None, arguments.output, ["table"])
    refuse_overwriting(arguments.output, [arguments.result])
    report = report_of(arguments)
    with inputs_read("result", arguments.result) as result_read:
        result = load_simdit_result(arguments.result)
    *earlier, run = report.runs
    stamp = made_by([*earlier, run._replace(inputs=(*run.inputs, *result_read))])
    write_text(f"{comparison(report, result)}\n{stamp}\n", arguments.output)
    return 0


def comparison(report: Report, result: SimditResult) -> str:
    """The table as text: a row for each layer that both have, sums of these rows, then the layers of one side only."""
    from simdc.backends.report.columns import columns
    from simdc.cost.result import add_up

    pairs, ours_only, theirs_only = match(report, result.layers)
    rows = [
        [ours.name, f"{theirs.number} {theirs.op}", *_cells(_ours(ours), _theirs(theirs))] for ours, theirs in pairs
    ]
    if rows:
        sums = [[add_up(column) for column in zip(*side, strict=True)] for side in _sides(pairs)]
        rows.append([f"all {len(pairs)}", "", *_cells(*sums)])
    heads = [head for measure in MEASURES for head in (measure, "SimDIT", "ratio")]
    title = (
        f"{report.network} on {report.hardware.title}, batch {report.batch}, model {report.model}; "
        f"SimDIT: {result.network} on {result.hardware}, batch {result.batch}"
    )
    parts = [title, columns(["layer", "SimDIT's layer", *heads], rows, left=2) if rows else "no layer is in both"]
    if ours_only:
        parts.append("not in the SimDIT result: " + ", ".join(f"{layer.name} ({layer.op})" for layer in ours_only))
    if theirs_only:
        parts.append("only in the SimDIT result: " + ", ".join(_described(layer) for layer in theirs_only))
    return "\n\n".join(parts) + "\n"


def match(
    report: Report, theirs: Sequence[SimditLayer]
) -> tuple[list[tuple[LayerReport, SimditLayer]], list[LayerReport], list[SimditLayer]]:
    """Pairs of layers of the same kind and sizes, the first of ours with the first of theirs, then what is left of
    either side. Both run the same layers in an order of their own."""
    from simdc.cost.hardware import Hardware
    from simdc.errors import SimdcError

    hardware = report.hardware
    if not isinstance(hardware, Hardware):
        raise SimdcError(f"SimDIT's machines have arrays; {hardware.name} has units and memories")
    waiting: dict[Key, list[SimditLayer]] = {}
    for layer in theirs:
        waiting.setdefault(_their_key(layer), []).append(layer)
    pairs: list[tuple[LayerReport, SimditLayer]] = []
    ours_only: list[LayerReport] = []
    for layer in report.layers:
        found = waiting.get(_our_key(layer, hardware))
        if found:
            pairs.append((layer, found.pop(0)))
        else:
            ours_only.append(layer)
    return pairs, ours_only, sorted(layer for layers in waiting.values() for layer in layers)


def _our_key(layer: LayerReport, hardware: Hardware) -> Key:
    """Sizes in SimDIT's terms: channels are padded to the array, or to the lanes."""
    from simdc.cost.kernel import Contraction
    from simdc.cost.tiling import loop_bounds

    kernel = layer.kernel
    get = loop_bounds(kernel).get
    window = (get("kh", 1), get("kw", 1))
    if isinstance(kernel, Contraction):
        oc = _padded(get("oc", 1), hardware.systolic.columns)
        ic = _padded(get("ic", 1), hardware.systolic.rows)
        return "contraction", (get("n", 1), get("g", 1), oc, ic, get("oh", 1), get("ow", 1), *window)
    height, width = (get(position, get(element, 1)) for position, element in (("oh", "h"), ("ow", "w")))
    return kernel.kind, (get("n", 1), _padded(get("c", 1), hardware.simd.lanes), height, width, *window)


def _their_key(layer: SimditLayer) -> Key:
    """SimDIT has no groups. It calls channels OC or C, and rows OH, H or, where input and result are alike, IH."""

    def size(*names: str) -> int:
        return next((layer.dims[name] for name in names if name in layer.dims), 1)

    kind, window = KINDS.get(layer.op, layer.op), (size("KH"), size("KW"))
    height, width = size("OH", "H", "IH"), size("OW", "W", "IW")
    if kind == "contraction":
        return kind, (size("N"), 1, size("OC"), size("IC"), height, width, *window)
    return kind, (size("N"), size("OC", "C"), height, width, *window)


def _padded(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def _ours(layer: LayerReport) -> list[float]:
    cost = layer.cost
    return [cost.cycles.compute, cost.cycles.stall, cost.dram_bits.total, cost.sram_bits.total]


def _theirs(layer: SimditLayer) -> list[float]:
    return [layer.compute_cycles, layer.stall_cycles, layer.dram_bits, layer.sram_bits]


def _sides(pairs: Sequence[tuple[LayerReport, SimditLayer]]) -> tuple[list[list[float]], list[list[float]]]:
    return [_ours(ours) for ours, _ in pairs], [_theirs(theirs) for _, theirs in pairs]


def _cells(ours: Sequence[float], theirs: Sequence[float]) -> list[str]:
    """For each of `MEASURES` our number, theirs and the ratio."""
    cells: list[str] = []
    for measure, mine, other in zip(MEASURES, ours, theirs, strict=True):
        numbers = [f"{value / BITS_PER_KIB:,.1f}" if "KiB" in measure else f"{value:,.0f}" for value in (mine, other)]
        ratio = f"{mine / other:.3f}" if other else "1.000" if mine == other else "-"
        cells += [*numbers, ratio]
    return cells


def _described(layer: SimditLayer) -> str:
    return f"{layer.number} {layer.op} ({' '.join(f'{name}={size}' for name, size in layer.dims.items())})"
