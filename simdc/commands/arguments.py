"""Arguments that several commands have in common, added to a parser group by group."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.choices import DEFAULT_MODEL, OBJECTIVES, TILINGS

from .parser import CommandParser

NETWORK = "a .dsl, .json, .onnx, .pt2, .mlir or .csv file, the name of an example (resnet50), or - for standard input"
HOW_TO_TRAIN = (
    "--optimizer",
    "--weight-decay",
    "--master-weights",
    "--loss",
    "--class-axis",
    "--soft-targets",
    "--input-grad",
)
"""Options that have an effect on a training step only."""


def add_network(parser: CommandParser) -> None:
    """The network, --hw, --set, --batch, --bind, --weights, --allow-uncosted and --input-format."""
    parser.add_argument("network", help=f"network: {NETWORK}")
    parser.add_argument(
        "--hw",
        metavar="MACHINE",
        help="hardware: a JSON file (ours or GeneSys), a SCALE-Sim .cfg, a preset, or - for standard input",
    )
    add_reading(parser)
    parser.reads("network", "hw")


def add_networks(parser: CommandParser) -> None:
    """As `add_network`, any number of both and of batches."""
    parser.add_argument("networks", nargs="+", metavar="network", help=f"network: {NETWORK}; several are compared")
    add_machines(parser)
    add_reading(parser, "are a row of a table each")
    parser.reads("networks", "machines")


def add_machines(parser: CommandParser) -> None:
    """--hw, behind a network also of several: `--hw A B C`."""
    parser.add_argument(
        "--hw",
        dest="machines",
        metavar="MACHINE",
        action="append",
        default=[],
        help="hardware: a JSON file (ours or GeneSys), a SCALE-Sim .cfg, a preset, or - for standard input; behind the "
        "networks several, --hw A B C, are compared",
    )
    parser.several("--hw", _is_network)


def _is_network(word: str) -> bool:
    """Whether this can be no machine: `net.dsl`, `resnet50`. A .json may be either."""
    from simdc.frontends import FRONT_ENDS
    from simdc.frontends.presets import presets

    name, dot, suffix = word.rpartition(".")
    if dot and name:
        return suffix.lower() != "json" and suffix.lower() in FRONT_ENDS
    return word in presets("networks") and word not in presets("hardware")


def add_reading(parser: CommandParser, batches: str | None = None) -> None:
    """What changes the machine, and how networks are read. `--batch` is a number, or text where `batches` says what
    several are."""
    parser.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="change a hardware field, such as simd.lanes=128 or systolic.buffers.weight_bits='256 KiB'; repeatable",
    )
    size = "batch size (default 1, or the file's own)"
    if batches is not None:
        parser.add_argument("--batch", metavar="N", help=f"{size}; several, 1,8,32 or 1:64 or 8:64:8, {batches}")
    else:
        from .batch_option import one_batch

        parser.add_argument("--batch", type=one_batch, metavar="N", help=size)
    parser.add_argument(
        "--bind",
        metavar="NAME=SIZE",
        action="append",
        default=[],
        help="a size that an ONNX model or a module leaves open, such as height=224, 'x[2]=224' or arg0.0=8, or the "
        "value of an input that is a single number; repeatable",
    )
    parser.add_argument(
        "--weights",
        metavar="NAME,...",
        action="append",
        help="inputs of an ONNX model that are weights, not data (default: none, unless the file holds no weights); "
        "repeatable",
    )
    parser.add_argument(
        "--no-fold",
        action="store_true",
        help="cost each layer as it stands: fold no batch norm, no factor or offset of channels and no border of zeros "
        "into the layer beside it",
    )
    parser.add_argument(
        "--no-fuse",
        action="store_true",
        help="where a machine runs several layers as one, run each by itself all the same",
    )
    parser.add_argument(
        "--allow-uncosted",
        action="store_true",
        help="go on without the nodes of an ONNX model that simdc knows no op for; the report names them",
    )
    parser.add_argument(
        "--input-format",
        metavar="NAME",
        help="how to read the network: dsl, json, mlir, csv, onnx or a plug-in's (default: by the file's suffix; "
        "standard input by its first characters)",
    )


def add_cache(parser: CommandParser) -> None:
    """--no-cache, of commands that price what was lowered before."""
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="read and lower the network anew, and keep nothing of it (default: what was lowered before is kept in "
        "~/.cache/simdc and priced)",
    )


def add_model(parser: CommandParser, does: str) -> None:
    """--model; `does` is what the help says that it does."""
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="NAME", help=f"the cost model that {does} (default {DEFAULT_MODEL})"
    )


def add_tiling(parser: CommandParser) -> None:
    parser.add_argument(
        "--tiling",
        choices=TILINGS,
        help="tile as the model does by default, or greedily, whatever is given; keep the tilings that a SimDIT "
        "specification gives; or search the best tile sizes and loop orders (default: keep those in IR, else default)",
    )
    parser.add_argument(
        "--objective",
        choices=OBJECTIVES,
        help="what --tiling search makes small (default cycles); edp is energy times cycles",
    )
    parser.add_argument(
        "--search-steps",
        type=int,
        metavar="N",
        help="how much work --tiling search may do for a layer, one or two microseconds a step (default 2000000); "
        "where it ends before the proof, the report says how far above the optimum the layers can be",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that do --tiling search (default 1); they find the same",
    )
    parser.needs(["--objective", "--search-steps", "--workers"], "--tiling search")
    parser.add_argument(
        "--form",
        action="append",
        metavar="[LAYER=]FORM",
        help="carry LAYER out in this form, or every layer that has it, such as array or lanes for depthwise "
        "convolutions; may be given several times (default: keep those in IR, else whatever is the cheapest)",
    )


def add_training(parser: CommandParser) -> None:
    """--train and what belongs to it."""
    training = parser.add_argument_group("training")
    training.add_argument("--train", action="store_true", help="cost one training iteration: forward to update")
    training.add_argument(
        "--optimizer",
        default="sgd",
        choices=["sgd", "momentum", "adam", "adamw"],
        help="update rule; its state lives in DRAM (default sgd)",
    )
    training.add_argument("--weight-decay", type=float, default=0.0, metavar="W", help="weight decay (default 0)")
    training.add_argument(
        "--master-weights", action="store_true", help="update a full-width copy of the weights, write the narrow beside"
    )
    training.add_argument(
        "--loss",
        metavar="LOSS[,LOSS...]",
        help="softmax (cross entropy), mse (mean squared error), bce (binary cross entropy) or given (the gradient of "
        "the result comes with the batch); one, or one for each result (default: softmax for results of shape "
        "[n, classes] and [n, tokens, vocabulary], else mse)",
    )
    training.add_argument(
        "--class-axis", type=int, metavar="D", help="the dimension along which the classes lie, -1 for the last"
    )
    training.add_argument(
        "--soft-targets", action="store_true", help="compare a softmax with probabilities, not the number of a class"
    )
    training.add_argument("--input-grad", action="store_true", help="compute the gradient of the network's inputs, too")


def add_tokens(parser: CommandParser, *, many: bool = True) -> None:
    """--decode, --context and --generate; one run only, without --generate, if not `many`."""
    group = parser.add_argument_group("language models")
    group.add_argument(
        "--decode", action="store_true", help="take one token behind a cache of all those before it; needs --context"
    )
    length = "tokens that go in at once or, with --decode, that the one token sees, itself among them"
    lengths = "with --decode also lengths, 128,512,2048, or a curve, 128:32768 (200 lengths at most) or 128:32768:128"
    group.add_argument("--context", metavar="L", help=f"{length}; {lengths} (every 128)" if many else length)
    _keep_tokens_apart(parser)
    if many:
        group.add_argument(
            "--generate", metavar="P+T", help="cost a prompt of P tokens and T tokens made after it, one by one"
        )
        for option in ("--context", "--decode", "--bind", "--train"):
            parser.apart("--generate", option)


def add_lengths(parser: CommandParser) -> None:
    """--decode and --context with any number of lengths, each a run of its own."""
    group = parser.add_argument_group("language models")
    group.add_argument(
        "--decode", action="store_true", help="take one token behind a cache of all those before it; needs --context"
    )
    group.add_argument(
        "--context",
        metavar="L",
        help="tokens that go in at once or, with --decode, that the one token sees, itself among them; several, "
        "128,512,2048 or 128:2048:128, count as so many networks",
    )
    _keep_tokens_apart(parser)


def _keep_tokens_apart(parser: CommandParser) -> None:
    parser.needs(["--decode"], "--context")
    parser.apart("--decode", "--bind")
    parser.apart("--context", "--bind")
    parser.apart("--decode", "--train")


def add_format(parser: CommandParser, formats: str, choices: Sequence[str] | None = None) -> None:
    """--format; `formats` is what the help calls them."""
    parser.add_argument(
        "--format",
        metavar="NAME",
        choices=choices,
        help=f"format of the report: {formats} (default: by the suffix of -o, else table)",
    )


def add_output(parser: CommandParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write to a file, whole or not at all; - is standard output"
    )
