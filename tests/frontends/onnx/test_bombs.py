"""Small files that would take all memory or all time, if they were believed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.frontends.onnx.models import imported, ints, model, node, saved

LARGE = 2**28
MEGABYTES = 200
"""More than the process has when it begins."""
CPU_SECONDS = 60
"""For all of them together; each takes a fraction of a second."""

READER = f"""
import resource, sys
from pathlib import Path
import onnx.inliner, onnx.reference, onnx.shape_inference
from simdc.errors import SimdcError
from simdc.frontends.onnx import importer, parse_onnx
status = Path("/proc/self/status").read_text().splitlines()
data_kb = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, ((data_kb + {MEGABYTES} * 1024) * 1024,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
for path in sys.argv[1:]:
    try:
        parse_onnx(path, None)
        said = "read"
    except SimdcError as error:
        said = str(error).replace(chr(10), " ")
    print(Path(path).stem, said, sep=chr(9), flush=True)
"""


def shaped_by(*before: onnx.NodeProto, **weights: np.ndarray) -> onnx.ModelProto:
    """The last of the nodes makes a shape to reshape an image to."""
    last = before[-1].output[0]
    nodes = [
        *before,
        node("Cast", [last], ["to"], to=TensorProto.INT64),
        node("Reshape", ["x", "to"], ["y"], name="end"),
    ]
    return model(nodes, {"x": (1, 4)}, weights)


def filled(*size: int) -> tuple[onnx.NodeProto, dict[str, np.ndarray]]:
    return node("ConstantOfShape", ["size"], ["big"], value=helper.make_tensor("v", 1, [1], [1.0])), {
        "size": ints(*size)
    }


def made_of(operator: str, inputs: list[str], size: tuple[int, ...], **attributes: object) -> onnx.ModelProto:
    """An operator on one large tensor, and what else it reads."""
    first, weights = filled(*size)
    more = {name: ints(LARGE) for name in inputs if name == "count"} | {"one": np.array(1, np.int64)}
    second = node(operator, inputs, ["made"], **attributes)
    return shaped_by(first, second, **weights, **{name: value for name, value in more.items() if name in inputs})


def counted(kind: type, step: float) -> onnx.ModelProto:
    numbers = {"first": 0, "last": LARGE, "step": step}
    weights = {name: np.array(value, kind) for name, value in numbers.items()}
    return shaped_by(node("Range", list(numbers), ["made"]), **weights)


def outside(dims: list[int], length: int | None) -> onnx.ModelProto:
    """A shape in a file of 8 GB beside the model."""
    proto = model([node("Reshape", ["x", "to"], ["y"])], {"x": (1, 4)})
    weight = proto.graph.initializer.add(name="to", data_type=TensorProto.INT64, dims=dims)
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="large.bin")
    if length is not None:
        weight.external_data.add(key="length", value=str(length))
    return proto


def calling(count: int, calls: Callable[[int], list[int]]) -> onnx.ModelProto:
    """Function `number` calls the functions `calls(number)`, one after the other; the last only computes."""
    functions: list[onnx.FunctionProto] = []
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    for number in range(count):
        callees = [f"f{callee}" for callee in calls(number)]
        names = ["a", *(f"v{at}" for at in range(len(callees) - 1)), "b"]
        body = [node(each, [names[at]], [names[at + 1]], domain="own") for at, each in enumerate(callees)]
        body = body or [node("Relu", ["a"], ["b"])]
        functions.append(helper.make_function("own", f"f{number}", ["a"], ["b"], body, imports))
    proto = model([node("f0", ["x"], ["y"], domain="own", name="call")], {"x": (1, 4)}, domains={"own": 1})
    proto.functions.extend(functions)
    return proto


def matched() -> onnx.ModelProto:
    text = np.array(["a" * 40 + "b"], dtype=object)
    return shaped_by(node("RegexFullMatch", ["text"], ["made"], pattern="(a|aa)+$"), text=text)


def resized() -> onnx.ModelProto:
    nodes = [node("Resize", ["x", "", "scales"], ["y"])]
    return model(nodes, {"x": (1, 1, 4, 4)}, {"scales": np.array([1, 1, np.inf, 1], np.float32)})


def weighted() -> onnx.ModelProto:
    """The shape is the sum of a large weight's values, which are not in the file."""
    proto = model([node("ReduceSum", ["big"], ["to"], keepdims=1), node("Reshape", ["x", "to"], ["y"])], {"x": (1, 4)})
    proto.graph.initializer.add(name="big", data_type=TensorProto.INT64, dims=[LARGE])
    return proto


BOMBS: dict[str, tuple[onnx.ModelProto, str]] = {
    "ConstantOfShape": (shaped_by(filled(LARGE)[0], **filled(LARGE)[1]), f"'big' has {LARGE} elements"),
    "sum": (made_of("ReduceSum", ["big"], (LARGE,)), f"computed from {LARGE} elements"),
    "Range": (counted(np.int64, 1), f"has {LARGE} elements"),
    "float Range": (counted(np.float32, 1), f"has {LARGE} elements"),
    "fine Range": (counted(np.float64, 1e-300), "in steps of 1e-300"),
    "still Range": (counted(np.float64, 0), "in steps of 0"),
    "MatMul": (made_of("MatMul", ["big", "big"], (2**14, 2**14)), "its shape depends on data"),
    "Einsum": (made_of("Einsum", ["big", "big"], (2**14,), equation="i,j->ij"), f"has {LARGE} elements"),
    "OneHot": (made_of("OneHot", ["one", "count", "big"], (2,)), "OneHot (1 node)"),
    "EyeLike": (made_of("EyeLike", ["big"], (2**14, 2**14)), f"has {LARGE} elements"),
    "Expand": (made_of("Expand", ["big", "count"], (1,)), f"has {LARGE} elements"),
    "Tile": (made_of("Tile", ["big", "count"], (1,)), f"has {LARGE} elements"),
    "NonZero": (made_of("NonZero", ["big"], (LARGE,)), "NonZero (1 node)"),
    "CumSum": (made_of("CumSum", ["big", "one"], (2**20,)), f"has {2**20} elements"),
    "outside": (outside([2**30], 2**33), f"has {2**30} elements"),
    "outside without length": (outside([2], None), "read"),
    "outside with length": (outside([2], 2**33), "its shape and type take 16"),
    "weight": (weighted(), f"computed from {LARGE} elements"),
    "twice": (
        calling(31, lambda number: [number + 1] * 2 if number < 30 else []),
        f"has {2**30} nodes with its functions",
    ),
    "itself": (calling(1, lambda number: [0]), "function 'f0' calls itself"),
    "each other": (calling(2, lambda number: [1 - number]), "function 'f0' calls itself"),
    "deep": (calling(300, lambda number: [number + 1] if number < 299 else []), "more than 100 deep"),
    "RegexFullMatch": (matched(), "RegexFullMatch (1 node)"),
    "infinite": (resized(), "Resize (1 node)"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one process that may not grow says about each."""
    folder = tmp_path_factory.mktemp("bombs")
    with (folder / "large.bin").open("wb") as file:
        file.truncate(2**33)
    paths = [saved(proto, folder, f"{name}.onnx") for name, (proto, _) in BOMBS.items()]
    command = [sys.executable, "-c", READER, *paths]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    found = dict(line.split("\t") for line in run.stdout.splitlines())
    assert run.returncode == 0, f"after {list(found)[-1:]}: {run.stderr[-2000:]}"
    return found


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_go_off(name: str, said: dict[str, str]) -> None:
    assert BOMBS[name][1] in " ".join(said[name].split())


def test_gathering_elements_by_fewer_indices(tmp_path: Path) -> None:
    """As BERT gets its token types, [1, 512] by [1, 128], where the reference evaluator of onnx 1.23.2 fails."""
    nodes = [
        node("GatherElements", ["types", "places"], ["to"], axis=1),
        node("ReduceSum", ["to", "axes"], ["sum"], keepdims=0),
        node("Reshape", ["x", "sum"], ["y"]),
    ]
    # 127 zeros and, at place -1, a 4.
    types = np.zeros((1, 512), np.int64)
    types[0, -1] = 4
    places = np.arange(128)[None]
    places[0, 0] = -1
    weights = {"types": types, "places": places, "axes": ints(1)}
    network = imported(model(nodes, {"x": (2, 2)}, weights), tmp_path)
    assert [tuple(op.results[0].type.get_shape()) for op in network.layers()] == [(4,)]
