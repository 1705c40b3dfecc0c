"""ONNX models for the fuzzers, in JSON, the other form of their messages: a mutation changes a node, a size, a name."""

from __future__ import annotations

import json
from typing import Any

import onnx
import onnx.parser
from google.protobuf import json_format

from simdc.errors import SimdcError

HEAD = '<ir_version: 8, opset_import: ["" : 17, "own" : 1]>\n'
TEXTS = (
    """classifier (float[N, 3, 8, 8] x) => (float[N, 5] y)
    <float[4, 3, 3, 3] w = {1}, float[4] b = {1, 2, 3, 4}, float[5, 64] v = {1}, int64[2] to = {0, -1}> {
      c = Conv <pads = [1, 1, 1, 1]> (x, w, b)
      r = Relu (c)
      p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (r)
      f = Reshape (p, to)
      y = Gemm <transB = 1> (f, v)
    }""",
    """shapes (float[2, 4, height, width] x) => (float[] y)
    <int64[1] at = {0}, int64[1] two = {2}, int64[1] zero = {0}, float[1] none = {0}, int64[1] left = {-1}> {
      s = Shape (x)
      n = Gather (s, at)
      rest = Slice (s, two, left)
      half = Div (rest, two)
      to = Concat <axis = 0> (n, zero, left)
      flat = Reshape (x, to)
      long = ConstantOfShape (n)
      counted = Range (zero, two, at)
      taken = Where (long, to, zero)
      wide = Expand (none, s)
      hot = OneHot (at, two, zero)
      sum = Add (x, wide)
      y = Identity (sum)
    }""",
    """masked (float[4, 8] x) => (float[4, 8] y)
    <float[8, 8] w = {1}, float[8] m = {0, 0, 0, 0, -10000, -10000, -10000, -10000}> {
      s = MatMul (x, w)
      a = Add (s, m)
      y = Softmax <axis = 1> (a)
    }""",
    """chosen (float[1, 2, 6, 6] x, int64 rate) => (float[1, 2, 6, 6] y)
    <int64 k = {1}, float[2, 2, 1, 1] w = {1, 2, 3, 4}> {
      c = Equal (rate, k)
      y = If (c) <
        then_branch = one () => (float[1, 2, 6, 6] t) { t = Conv (x, w) },
        else_branch = two () => (float[1, 2, 6, 6] e) { e = Sigmoid (x) }
      >
    }""",
    """called (float[2, 4, 6] x) => (float[2, 4, 6] y) { h = own.twice (x) y = own.once (h) }
    <opset_import: ["" : 17, "own" : 1], domain: "own"> twice (a) => (b) { h = own.once (a) b = own.once (h) }
    <opset_import: ["" : 17], domain: "own"> once (a) => (b) { s = Sigmoid (a) b = Mul (a, s) }""",
    """left_out (float[1, 8, 8, 8] x, bool[1, 8, 8, 8] m) => (float[] y, int64[] z)
    <float[8] g = {1}, float[8] v = {1}> {
      n = BatchNormalization (x, g, g, v, v)
      d = Where (m, n, x)
      z = NonZero (d)
      q = Det (d)
      y = Resize <mode = "nearest"> (d, , scales)
      scales = Constant <value = float[4] {1, 1, 2, 2}> ()
    }""",
)


def seeds() -> list[str]:
    """Their weights in the file, and beside it."""
    found: list[str] = []
    for text in TEXTS:
        proto = onnx.parser.parse_model(HEAD + text)
        for weight in proto.graph.initializer:
            _fill(weight)
        found.append(json_format.MessageToJson(proto, indent=None))
        outside = [weight for weight in proto.graph.initializer if len(weight.dims) > 1]
        for weight in outside:
            weight.ClearField("float_data")
            weight.data_location = onnx.TensorProto.EXTERNAL
            weight.external_data.add(key="location", value="weights.bin")
        if outside:
            found.append(json_format.MessageToJson(proto, indent=None))
    return found


def _fill(weight: Any) -> None:
    """As many numbers as the sizes say."""
    count = 1
    for size in weight.dims:
        count *= size
    while len(weight.float_data) and len(weight.float_data) < count:
        weight.float_data.append(1.0)


def words() -> list[str]:
    names = sorted({schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain})
    own = ("own", "twice", "x", "y", "w", "c", "rate", "height", "weights.bin", "../weights.bin")
    return [json.dumps(name) for name in (*names, *own)]


def serialized(data: bytes) -> bytes:
    """The file of a model in JSON; anything else is a file already. Raises SimdcError for another JSON."""
    if not data.lstrip().startswith(b"{"):
        return data
    try:
        return json_format.Parse(data, onnx.ModelProto()).SerializeToString()
    except (json_format.ParseError, UnicodeDecodeError, ValueError, RecursionError, TypeError, AttributeError) as error:
        raise SimdcError(f"no message: {error!s:.200}") from None
