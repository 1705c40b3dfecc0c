"""Arguments that several commands have in common, added to a parser group by group."""

from __future__ import annotations

from argparse import ArgumentParser


def add_network(parser: ArgumentParser) -> None:
    """The network, --hw, --set, --batch, --bind, --weights and --allow-uncosted."""
    parser.add_argument(
        "network", help="network: a .dsl, .json, .onnx, .mlir or .csv file, or the name of an example (resnet50)"
    )
    parser.add_argument(
        "--hw", metavar="MACHINE", help="hardware: a JSON file (ours or GeneSys), a SCALE-Sim .cfg or a preset"
    )
    parser.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="change a hardware field, such as simd.lanes=128 or systolic.buffers.weight_bits='256 KiB'; repeatable",
    )
    parser.add_argument("--batch", type=int, metavar="N", help="batch size (default 1, or the file's own)")
    parser.add_argument(
        "--bind",
        metavar="NAME=SIZE",
        action="append",
        default=[],
        help="a size that an ONNX model leaves open, such as height=224 or 'x[2]=224', or the value of an input that "
        "is a single number; repeatable",
    )
    parser.add_argument(
        "--weights",
        metavar="NAME,...",
        action="append",
        help="inputs of an ONNX model that are weights, not data (default: none, unless the file holds no weights); "
        "repeatable",
    )
    add_fold(parser)
    parser.add_argument(
        "--allow-uncosted",
        action="store_true",
        help="go on without the nodes of an ONNX model that simdc knows no op for; the report names them",
    )


def add_fold(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--no-fold",
        action="store_true",
        help="cost each layer as it stands: fold no batch norm, no factor or offset of channels and no border of zeros "
        "into the layer beside it",
    )


def add_tiling(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--tiling",
        choices=["greedy", "given", "search"],
        help="tile greedily, whatever is given; keep the tilings that a SimDIT specification gives; or search the best "
        "tile sizes and loop orders (default: keep those in IR, else greedy)",
    )
    parser.add_argument(
        "--objective",
        choices=["cycles", "energy", "dram", "edp"],
        help="what --tiling search makes small (default cycles); edp is energy times cycles",
    )


def add_training(parser: ArgumentParser) -> None:
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


def add_output(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file, whole or not at all")
