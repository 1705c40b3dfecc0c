"""What is no good module: one message at its place, and no traceback."""

from __future__ import annotations

import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from tests.frontends.mlir.hlo_text import module, op

X, PAIR = "2x3xf32", "2x3xf32 2x3xf32"
FEW, NO_BLOCK = "operands, and number", "its region 1 has 0 blocks in the place of one: line 2"
NO_ORDER = "is no order of 2 dimensions: line 2"


def line(name: str, operands: str = "%x", kinds: str = X, fields: str = "", result: str = X) -> str:
    return module("x:2x3xf32", "2x3xf32", op(name, operands, kinds, result, fields))


REFUSED_OPS = {
    line("my.op"): "my.op, there is no layer for it: line 2",
    line("stablehlo.add", "", ""): "stablehlo.add, it has 0 operands, and number 1 is read: line 2",
    line("stablehlo.transpose"): f"[] {NO_ORDER}",
    line("stablehlo.transpose", fields='permutation = "abc"'): "'permutation' is no list of whole numbers: line 2",
    line("stablehlo.transpose", fields="permutation = array<i64: 7, 9>"): f"[7, 9] {NO_ORDER}",
    line("stablehlo.reduce", "%x, %x", PAIR, "dimensions = array<i64: 1>"): "of [2, 3] without [1]: line 2",
    line("stablehlo.convolution", "%x, %x", PAIR): "its dimension numbers are not known: line 2",
    line("stablehlo.while"): NO_BLOCK,
    line("stablehlo.sort"): NO_BLOCK,
    line("stablehlo.dynamic_slice", fields="slice_sizes = array<i64: 1>"): "[1] at 0 numbers does not lie in [2, 3]",
    line("stablehlo.dynamic_gather", "%x, %x, %x", f"{PAIR} {X}"): "the sizes of what it picks depend on data: line 2",
    line("stablehlo.scatter"): "it places into several tensors at once: line 2",
    line("stablehlo.pad"): FEW,
    line("stablehlo.custom_call"): "nobody knows what the custom call '?' computes: line 2",
    line("stablehlo.if"): "which of its branches runs depends on data: line 2",
    line("chlo.top_k", result="2x9xf32", fields="k = 9 : i64").replace("return %y : tensor<2x3xf32>", "return %x : tensor<2x3xf32>"): "put in order one by one, and it cannot take 9 of 3",  # noqa: E501
    line("tosa.pad", "%x, %x", PAIR): "a shape depends on data: line 2",
    line("tosa.conv2d"): FEW,
    line("tosa.resize"): FEW,
    line("tosa.rescale"): FEW,
    line("tosa.table", "%x, %x", PAIR): "it interpolates between entries of its table: line 2",
    line("linalg.generic", "%x, %x", PAIR, "operandSegmentSizes = array<i32: 1, 1>"): "it has no indexing maps: line 2",
    line("linalg.conv_2d_nchw_fchw", fields="operandSegmentSizes = array<i32: 5, 1>"): "in groups of [5, 1]: line 2",
    line("linalg.softmax", "", ""): FEW,
    line("tm_tensor.scan"): "it has [1, 0] operands in its groups, and [1, 2] are read: line 2",
    line("tensor.gather", "%x, %x", PAIR): "line 2",
    line("scf.for"): "line 2",
    line("func.call", fields="callee = @nobody"): "there is no function 'nobody', or it has no body: line 2",
    line("func.call", fields="callee = @main"): "function 'main' calls itself: line 2",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED_OPS, ids=lambda text: text.split('"')[1])
def test_an_op_that_is_none_is_refused_at_its_line(text: str) -> None:
    with pytest.raises(SimdcError) as refused:
        parse_foreign_module(text, "m.mlir", None)
    assert REFUSED_OPS[text] in str(refused.value)


GENERIC = "print the generic form: mlir-opt --mlir-print-op-generic"
ADD = """module {
  func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.add %x, %x : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
"""
FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "spaces": (b" \n\n", "is empty"),
    "bytecode": (b"ML\xefR\x0dMLIR20.0\x00\x01", "is MLIR bytecode; write it as text: mlir-opt --mlir-print-op-"),
    "binary": (bytes(range(256)), "is not UTF-8 text: byte 128 is 0x80"),
    "nul": (b"module { func.func @main() { return } \x00 }", ":1:39: error: Unexpected character"),
    "comment": (b"// nothing but a func in a comment\n", "error: no module begins here"),
    "custom form": (ADD.encode(), f":3:10: error: 'stablehlo.add' has no custom form here (func, arith, math, tensor and linalg.generic have one, among others); {GENERIC}"),  # noqa: E501
    "lines of Windows": (ADD.replace("\n", "\r\n").encode(), ":3:10: error: 'stablehlo.add' has no custom form here"),
    "two public functions": (
        b"module { func.func @a(%x: tensor<2xf32>) -> tensor<2xf32> { return %x : tensor<2xf32> } "
        b"func.func @b(%x: tensor<2xf32>) -> tensor<2xf32> { return %x : tensor<2xf32> } }",
        "has 2 public functions (a, b); it needs one, or one called main",
    ),
    "no body": (b"module { func.func private @a(tensor<2xf32>) -> tensor<2xf32> }", "has 0 public functions (none)"),
    "no result": (b"module { func.func @main(%x: tensor<2xf32>) { return } }", "computes nothing"),
    "several blocks": (
        b'module { func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {\n "cf.br"(%x)[^b] : (tensor<2xf32>) -> ()\n'
        b"^b(%y: tensor<2xf32>):\n return %y : tensor<2xf32> } }",
        "m.mlir:1: error: function 'main': it has several blocks",
    ),
    "undefined": (line("stablehlo.add", "%x, %nope", PAIR).encode(), "error: values used but not defined: [%nope]\n"),
    "types": (line("stablehlo.abs", kinds="2x4xf32").encode(), "used with type tensor<2x4xf32>, but has been previously used or defined with type tensor<2x3xf32>\n"),  # noqa: E501
    "cut off": (ADD.encode()[:60], ":2:50: error: Expected shape type"),
    "no end of a string": (ADD.replace("stablehlo.add", '"stablehlo.add').encode(), "before closing string literal"),
    "deep": (b"module { func.func @main() {" + b'\n"a.b"() ({' * 3000, "are nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_file_that_is_none(
    name: str, stream: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, message = FILES[name]
    path = tmp_path / "m.mlir"
    path.write_bytes(data)
    network = [str(path)]
    if stream:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(data)))
        network, message = ["-", "--input-format", "mlir"], message.replace("m.mlir", "<stdin>")
    assert main([*network, "--hw", "HI3", "--no-cache"]) == 1
    found = capsys.readouterr().err
    assert message in found
    assert "Traceback" not in found


def test_numbers_that_were_left_out_are_asked_for() -> None:
    fields = "permutation = dense_resource<__elided__> : tensor<2xi64>"
    with pytest.raises(SimdcError, match="'permutation' was left out by the printer: let it write 16 elements"):
        parse_foreign_module(line("stablehlo.transpose", fields=fields), "m.mlir", None)


def test_a_file_that_xdsl_would_not_verify_is_read() -> None:
    """A call inside of a `while`, and a constant as resource: good MLIR."""
    text = (Path(__file__).parent / "programs/jax_call_in_loop.stablehlo").read_text()
    assert parse_foreign_module(text, "m.mlir", None)


PASS = """from xdsl.passes import ModulePass

from simdc.ir.network import network_of


class Named(ModulePass):
    name = "named"

    def apply(self, ctx, op):
        network_of(op).sym_name = type(network_of(op).sym_name)("renamed")
"""


def test_a_pass_of_a_file_runs_on_a_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "named.py").write_text(PASS)
    path = tmp_path / "m.mlir"
    path.write_text(line("stablehlo.negate"))
    assert main([str(path), "--hw", "HI3", "--emit-ir", "-p", f"{tmp_path / 'named.py'}:Named"]) == 0
    assert "simdc.network @renamed(" in capsys.readouterr().out
