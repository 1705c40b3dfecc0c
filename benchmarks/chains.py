"""Networks as long as one likes, for what measures how time and memory grow."""

from __future__ import annotations

from pathlib import Path


def channels(layer: int) -> int:
    """16 to 22, so that a layer is not like the one before it."""
    return 16 + layer % 7


def network_text(layers: int) -> str:
    """Convolutions one after the other, in the network language."""
    calls = "".join(f"  x = conv(x, {channels(layer)}, 3, pad=1)\n" for layer in range(layers))
    return f"network chain(x: 16x14x14) {{\n{calls}  return x\n}}\n"


def write_text(folder: str, layers: int) -> str:
    path = Path(folder) / f"chain{layers}.dsl"
    path.write_text(network_text(layers), encoding="utf-8")
    return str(path)


def write_onnx(folder: str, layers: int) -> str:
    """The same as an ONNX model whose weights are inputs of their shapes, without a value: numbers cost nothing."""
    from onnx import TensorProto, helper

    def tensor(name: str, *shape: int):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    nodes = [
        helper.make_node("Conv", [f"x{layer}", f"w{layer}"], [f"x{layer + 1}"], name=f"conv{layer}", pads=[1, 1, 1, 1])
        for layer in range(layers)
    ]
    widths = [16, *map(channels, range(layers))]
    weights = [tensor(f"w{layer}", widths[layer + 1], widths[layer], 3, 3) for layer in range(layers)]
    result = tensor(f"x{layers}", 1, widths[-1], 14, 14)
    graph = helper.make_graph(nodes, "chain", [tensor("x0", 1, 16, 14, 14), *weights], [result])
    path = Path(folder) / f"chain{layers}.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    return str(path)
