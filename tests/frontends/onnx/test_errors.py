"""Files that cannot be read, and nodes that simdc has no op for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from simdc.cli import main
from simdc.errors import SimdcError
from simdc.frontends.onnx import OPERATORS, Build, Value, operator, parse_onnx
from simdc.ir.network import network_of
from simdc.ir.ops.relu import ReluOp
from tests.frontends.onnx.models import imported, ints, kinds, model, node, random, saved

IMAGE = {"x": (1, 3, 8, 8)}
WEIGHT = {"w": random(4, 3, 3, 3)}
CONV = node("Conv", ["x", "w"], ["c"], name="first")


def message(proto: onnx.ModelProto, folder: Path, **options: object) -> str:
    with pytest.raises(SimdcError) as error:
        imported(proto, folder, **options)
    assert str(error.value).startswith(str(folder / "net.onnx"))
    return " ".join(str(error.value).split())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no nodes"),
        (b"not a model at all", "is not an ONNX model, or is cut off or damaged"),
        (b"\x00" * 100, "is not an ONNX model"),
        (b"\x08\x08", "has no nodes"),
        (bytes(range(256)), "is not an ONNX model"),
    ],
)
def test_files_that_are_no_models(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(SimdcError, match=says):
        parse_onnx(str(path), None)


def test_a_model_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    """Every prefix is an error or, where protobuf cannot see the cut, a model; never a traceback."""
    data = model([CONV, node("Relu", ["c"], ["y"])], IMAGE, WEIGHT).SerializeToString()
    path = tmp_path / "net.onnx"
    for end in range(0, len(data), 7):
        path.write_bytes(data[:end])
        try:
            parse_onnx(str(path), None)
        except SimdcError:
            continue


def test_damaged_models_never_end_in_a_traceback(tmp_path: Path) -> None:
    nodes = [CONV, node("Shape", ["c"], ["s"]), node("Reshape", ["c", "s"], ["r"]), node("Relu", ["r"], ["y"])]
    data = bytearray(model(nodes, IMAGE, WEIGHT).SerializeToString())
    path, random_places = tmp_path / "net.onnx", np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(data)
        for place in random_places.integers(0, len(data), 3):
            damaged[place] = random_places.integers(0, 256)
        path.write_bytes(damaged)
        try:
            parse_onnx(str(path), None)
        except SimdcError:
            continue


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(SimdcError, match="save the weights as external data"):
        parse_onnx(str(path), None)


def test_a_directory_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SimdcError, match="is a directory"):
        parse_onnx(str(tmp_path), None)
    with pytest.raises(SimdcError, match="there is no such file"):
        parse_onnx(str(tmp_path / "none.onnx"), None)


@pytest.mark.parametrize(
    ("opset", "says"),
    [(6, "uses opset 6; the oldest that simdc reads is 7.*convert_version"), (99, "uses opset 99;.*upgrade onnx")],
)
def test_operators_too_old_or_too_new(opset: int, says: str, tmp_path: Path) -> None:
    path = saved(model([CONV], IMAGE, WEIGHT, opset=opset), tmp_path)
    with pytest.raises(SimdcError, match=says):
        parse_onnx(path, None)


def without_opset(proto: onnx.ModelProto) -> None:
    del proto.opset_import[:]


def with_cycle(proto: onnx.ModelProto) -> None:
    proto.graph.node.append(node("Add", ["c", "b"], ["a"], name="one"))
    proto.graph.node.append(node("Relu", ["a"], ["b"], name="two"))
    proto.graph.output[0].name = "b"


def made_twice(proto: onnx.ModelProto) -> None:
    proto.graph.node.append(node("Relu", ["x"], ["c"]))


def without_inputs(proto: onnx.ModelProto) -> None:
    del proto.graph.input[:]


def without_shape(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.ClearField("shape")


def without_rank(proto: onnx.ModelProto) -> None:
    del proto.graph.input[0].type.tensor_type.shape.dim[:]


def with_unknown_result(proto: onnx.ModelProto) -> None:
    proto.graph.output.append(helper.make_tensor_value_info("nowhere", 1, None))


def with_too_few_inputs(proto: onnx.ModelProto) -> None:
    proto.graph.node[0].input.pop()


def with_negative_weight(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = -4


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (without_opset, "does not say which version of the ONNX operators"),
        (with_cycle, "the graph has a cycle: these nodes wait for each other: 'one', 'two'"),
        (made_twice, "makes 'c', which node 1 makes already"),
        (without_inputs, "'x' is read, but is no input, no weight and the result of no node"),
        (without_shape, "input 'x' has no shape"),
        (without_rank, "input 'x' has no dimensions"),
        (with_unknown_result, "'nowhere' is read, but is no input"),
        (with_too_few_inputs, "node 1 'first' (Conv): has 1 inputs, and Conv 2 at least"),
        (with_negative_weight, "weight 'w' has a negative size"),
    ],
)
def test_broken_graphs(damage: Callable[[onnx.ModelProto], None], says: str, tmp_path: Path) -> None:
    proto = model([CONV], IMAGE, WEIGHT)
    damage(proto)
    assert says in message(proto, tmp_path)


UNSUPPORTED = [
    CONV,
    node("NonZero", ["c"], ["z"], name="places"),
    node("Magic", ["c"], ["m"], name="magic one", domain="com.example"),
    node("Relu", ["m"], ["after"], name="after magic"),
    node("Det", ["c"], ["d"], name="det one"),
    node("LpNormalization", ["c"], ["s"], name="norm one"),
    node("LpNormalization", ["s"], ["t"], name="norm two"),
    node("MaxPool", ["c"], ["p", "i"], name="with indices", kernel_shape=[2, 2]),
    node("Relu", ["t"], ["y"], name="last"),
]


def test_all_nodes_without_an_op_are_told_at_once(tmp_path: Path) -> None:
    proto = model(UNSUPPORTED, IMAGE, WEIGHT, outputs=["y", "after", "i", "z"], domains={"com.example": 1})
    said = message(proto, tmp_path)
    assert "no price for 5 of its 8 nodes" in said
    assert "LpNormalization (2 nodes), which simdc does not know: norm one, norm two" in said
    assert "com.example::Magic (1 node), which simdc does not know: magic one" in said
    assert "MaxPool (1 node), its result 'i' is not modelled: with indices" in said
    assert "NonZero (1 node), which simdc does not know: places" in said
    assert "1 more read what these make" in said
    assert "--allow-uncosted" in said
    assert "operator('NonZero')" in said


def test_uncosted_nodes_are_said_on_top_of_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [CONV, node("LpNormalization", ["c"], ["s"], name="norm one"), node("Relu", ["s"], ["y"])]
    path = saved(model(nodes, IMAGE, WEIGHT), tmp_path)
    assert main([path, "--hw", "HI3"]) == 1
    assert "LpNormalization (1 node)" in capsys.readouterr().err
    assert main([path, "--hw", "HI3", "--allow-uncosted"]) == 0
    top = capsys.readouterr().out.split("\n\n")[0]
    assert "1 NOT COSTED" in top
    assert (
        "NOT COSTED, missing from every sum: norm one (unmodelled): LpNormalization: which simdc does not know" in top
    )
    # The rest is priced as if the node were free.
    assert "3 nodes: 2 costed" in top


def test_uncosted_nodes_stay_in_the_ir(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [CONV, node("LpNormalization", ["c"], ["s"], name="norm one"), node("Relu", ["s"], ["y"])]
    path = saved(model(nodes, IMAGE, WEIGHT), tmp_path)
    assert main([path, "--emit-ir", "--allow-uncosted", "--hw", "HI3"]) == 0
    text = capsys.readouterr().out
    again = tmp_path / "net.mlir"
    again.write_text(text)
    assert main([str(again), "--emit-ir"]) == 0
    # All but the attributes of the module, which say how it was made.
    assert capsys.readouterr().out.partition("\n")[2] == text.partition("\n")[2]


def test_a_result_of_unknown_shape_takes_its_readers_along(tmp_path: Path) -> None:
    proto = model(UNSUPPORTED, IMAGE, WEIGHT, outputs=["after"], domains={"com.example": 1})
    network = imported(proto, tmp_path, allow_uncosted=True)
    assert kinds(network) == ["conv2d", "unmodelled", "unmodelled"]
    reasons = [str(op.attributes.get("uncosted")) for op in network.layers()]
    assert "com.example::Magic: which simdc does not know" in reasons[1]
    assert "left out, 1 node behind what has no known shape: after magic" in reasons[2]
    # Where the file says the shape, the readers are costed.
    proto.graph.value_info.append(helper.make_tensor_value_info("m", 1, ["N", 4, 6, 6]))
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    assert kinds(imported(proto, tmp_path, 2, allow_uncosted=True)) == ["conv2d", "unmodelled", "relu"]


def test_a_version_of_operators_beyond_32_bits(tmp_path: Path) -> None:
    proto = model(UNSUPPORTED, IMAGE, WEIGHT, outputs=["after"], domains={"com.example": 2**40})
    assert "magic one" in message(proto, tmp_path)


def test_a_pattern_of_nodes_without_inputs(tmp_path: Path) -> None:
    nodes = [node("Sigmoid", [], ["s"], name="gate"), node("Mul", ["x", "s"], ["y"])]
    assert "node 1 'gate' (Sigmoid): has 0 inputs, and Sigmoid 1 at least" in message(model(nodes, IMAGE), tmp_path)


def test_an_operator_of_ones_own(tmp_path: Path) -> None:
    @operator("Magic", domain="com.example")
    def magic(build: Build) -> Value:
        return build.add(ReluOp(build.name, build.tensor(0)))

    try:
        nodes = [CONV, node("Magic", ["c"], ["y"], domain="com.example")]
        proto = model(nodes, IMAGE, WEIGHT, domains={"com.example": 1})
        assert kinds(imported(proto, tmp_path)) == ["conv2d", "relu"]
    finally:
        del OPERATORS["com.example::Magic"]


LOOP = helper.make_graph(
    [node("Identity", ["go"], ["again"]), node("Relu", ["state"], ["next"])],
    "body",
    [
        helper.make_tensor_value_info("step", 7, []),
        helper.make_tensor_value_info("go", 9, []),
        helper.make_tensor_value_info("state", 1, None),
    ],
    [helper.make_tensor_value_info("again", 9, []), helper.make_tensor_value_info("next", 1, None)],
)


@pytest.mark.parametrize(
    ("nodes", "weights", "says"),
    [
        ([CONV, node("Loop", ["n", "", "c"], ["y"], body=LOOP)], {"n": np.array(3)}, "control flow that depends on"),
        ([CONV, node("Shape", ["c"], ["s"]), node("Cast", ["c"], ["i"], to=7), node("Reshape", ["c", "i"], ["y"])], {},
         "its shape depends on data"),
        ([node("Conv", ["x", "k"], ["y"])], {"k": random(4, 5, 3, 3)}, "input has 3 channels and the weight 4 x 5"),
        ([node("Conv", ["x", "k"], ["y"])], {"k": random(4, 3, 9, 9)}, "the result would be empty"),
        ([node("Conv", ["x", "k"], ["y"], pads=[1])], {"k": random(4, 3, 3, 3)}, "do not fit 2 spatial dimensions"),
        ([node("Pad", ["x", "p"], ["y"], mode="reflect")], {"p": ints(0, 0, 1, 1, 0, 0, 1, 1)}, "it pads by reflect"),
        ([node("Concat", ["x", "k"], ["y"], axis=7)], {"k": random(1, 3, 8, 8)}, "axis 7 is not among the 4"),
        ([node("Transpose", ["x"], ["y"], perm=[0, 0, 1, 2])], {}, "does not permute 4 dimensions"),
        ([node("Expand", ["x", "n"], ["y"])], {"n": ints(5, 4, 8, 8)}, "does not broadcast to [5, 4, 8, 8]"),
        ([node("Einsum", ["x"], ["y"], equation="nchh->nc")], {}, "takes a diagonal"),
        ([node("Einsum", ["x"], ["y"], equation="nchw->")], {}, "its result is a single number"),
        ([node("Einsum", ["x"], ["y"], equation="nch->n")], {}, "does not fit inputs of 4 dimensions"),
        ([node("Einsum", ["x"], ["y"], equation="nchw->nz")], {}, "letters that no input has"),
        ([node("Einsum", ["x"], ["y"], equation="nc1w->n")], {}, "has more than letters"),
        ([node("Einsum", ["x"], ["y"], equation="n...,n->n")], {}, "is for 2 inputs, and it has 1"),
        ([node("Einsum", ["x", "k"], ["y"], equation="nchw,nkhw->nck")], {"k": random(2, 3, 8, 8)},
         "its letter n stands for 1 and for 2 positions"),
        ([node("Gather", ["x", "n"], ["y"], axis=1)], {"n": ints(2, 0, 3)}, "not among the 3 positions of dimension 1"),
    ],
)  # fmt: skip
def test_nodes_that_have_no_op_say_why(
    nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], says: str, tmp_path: Path
) -> None:
    used = {name for each in nodes for name in each.input}
    proto = model(nodes, IMAGE, {name: value for name, value in {**WEIGHT, **weights}.items() if name in used})
    said = message(proto, tmp_path)
    assert says in said
    assert f"{nodes[-1].op_type} (1 node)" in said


def test_a_graph_that_depends_on_nothing(tmp_path: Path) -> None:
    proto = model([node("Constant", [], ["y"], value_float=1.0)], {})
    assert "has no inputs" in message(proto, tmp_path)


def test_a_tensor_that_is_larger_than_any_memory(tmp_path: Path) -> None:
    assert "more than" in message(model([CONV], {"x": (2**40, 3, 2**20, 8)}, WEIGHT), tmp_path)
    nodes = [node("Range", ["a", "b", "c"], ["r"]), node("Cast", ["r"], ["f"], to=1), node("Add", ["x", "f"], ["y"])]
    numbers = {"a": np.array(0), "b": np.array(2**50), "c": np.array(1)}
    assert "elements, more than" in message(model(nodes, IMAGE, numbers), tmp_path)


def test_without_the_package_onnx(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = saved(model([CONV], IMAGE, WEIGHT), tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SimdcError, match=r"needs the package onnx: pip install 'simdc\[onnx\]'"):
        parse_onnx(path, None)


def test_errors_of_later_passes_name_the_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(model([node("Relu", ["x"], ["y"], name="last")], IMAGE), tmp_path)
    assert main([path, "--hw", "HI3", "--set", "simd.vmem_bits=64"]) == 1
    assert f"{path}: node 1: simdc.relu 'last'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--bind", "height"], "--bind takes name=value"),
        (["--bind", "height=-3"], "--bind takes name=value"),
        (["--bind", "height=99999999999"], "the number bound to 'height' must be 0 to"),
        (["--bind", "height=3", "--bind", "height=4"], "--bind gives 'height' twice"),
        (["--bind", "height=3"], "--bind height: only ONNX models and modules leave sizes open"),
        (["--tiling", "given"], ""),
    ],
)
def test_arguments(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resnet18", "--hw", "HI3", *arguments]) == 1
    assert says in capsys.readouterr().err


def test_open_sizes_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(model([CONV], {"x": ("batch", 3, "height", "width")}, WEIGHT), tmp_path)
    assert main([path, "--hw", "HI3", "--batch", "4"]) == 1
    assert "--bind height=N --bind width=N" in capsys.readouterr().err
    assert main([path, "--hw", "HI3", "--batch", "4", "--bind", "height=8", "--bind", "width=8"]) == 0
    assert "batch 4" in capsys.readouterr().out
    assert network_of(parse_onnx(path, 4, {"height": 8, "width": 8})).batch.value.data == 4
