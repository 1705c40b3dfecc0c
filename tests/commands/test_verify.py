"""`simdc verify` as people use it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.cost import exact
from simdc.cost.exact import ExactModel
from tests.backends.verify.wrong_models import OffBy
from tests.frontends.test_token_runs import decoder
from tests.ir.networks import written

ROOT = Path(__file__).resolve().parents[2]
DSL = """network n(x: 3x20x20) {
  x = conv(x, 8, 3, pad=1, name="first") -> bn -> relu -> maxpool(3, stride=2)
  return x -> conv(8, 3, stride=2, groups=2) -> relu -> flatten -> dropout -> fc(10) -> softmax
}
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    return written(tmp_path, DSL)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["verify", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("machine", ["HI1", "HI3", "HT2"])
@pytest.mark.parametrize("phase", [(), ("--train", "--batch", "4", "--optimizer", "adam")])
def test_a_network_passes(net: str, capsys: pytest.CaptureFixture[str], machine: str, phase: tuple[str, ...]) -> None:
    code, out, err = run(capsys, net, "--hw", machine, *phase)
    assert (code, err) == (0, "")
    assert ": all agree\n" in out
    assert "DIFFERS" not in out
    assert "nothing to check, they cost nothing: flatten" in out


def test_the_machine_that_stores_no_padding_passes(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    sets = ("--set", "stores_padding=false", "--set", "simd.vmem_bits=4 KiB")
    assert run(capsys, net, "--hw", "HI1", *sets, "--train")[0] == 0


@pytest.mark.parametrize("machine", ["HI1", "HT3"])
def test_lenet_passes_in_training(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    code, out, _ = run(capsys, "lenet5", "--hw", machine, "--train", "--batch", "32")
    assert code == 0
    assert "scaled from" in out


def test_resnet_passes_in_inference(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "resnet18", "--hw", "HI3", "-q")
    assert code == 0
    assert out.startswith(
        "resnet18: inference, batch 1, on HI3, model exact\n\n48 layers, 27 of them distinct: all agree"
    )


def test_json_says_what_the_table_says(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "verdict.json"
    assert run(capsys, net, "--hw", "HI1", "--format", "json", "-o", str(target)) == (0, "", "")
    data = json.loads(target.read_text(encoding="utf-8"))
    table = run(capsys, net, "--hw", "HI1")[1]
    assert data["schema"] == "simdc-verify/1"
    assert data["passed"] is True
    assert data["network"] == {"name": "n", "phase": "inference", "batch": 1}
    names = [name for layer in data["layers"] for name in layer["names"]]
    assert f"{len(names)} layers, {len(data['layers'])} of them distinct: all agree" in table
    for layer in data["layers"]:
        numbers = (layer["tiles"], layer["tiles_played"], layer["tiles_executed"], layer["elements_compared"])
        row = rf"{re.escape(layer['names'][0])} .*{layer['kind']} +" + " +".join(f"{number:,}" for number in numbers)
        assert re.search(row, table), row
        assert (layer["scaled"] in table) is (layer["agrees"] is True)
        assert layer["difference"] is None


def test_one_layer(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, net, "--hw", "HI1", "--layer", "first")
    assert code == 0
    assert "1 layers, 1 of them distinct: all agree" not in out
    assert "1 layer, 1 of them distinct: all agree" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hw", "HI1", "--layer", "frist"), "there is no layer 'frist'; did you mean 'first'?"),
        (("--hw", "HI1", "--layer", "bn1"), "'bn1' became part of 'first'"),
        (("--hw", "HI1", "--layer", "flatten1"), "'flatten1' costs nothing"),
        (("--hw", "HI1", "--model", "simdit"), "the cost model 'simdit' cannot be verified: "),
        (("--hw", "HI1", "--model", "roof"), "--model: there is no cost model 'roof'; known"),
        ((), "choose a machine with --hw"),
        (("--hw", "HI9"), "HI9"),
        (("--hw", "HI1", "--tiling", "given"), "tiling"),
        (("--hw", "HI1", "--set", "systolic.buffers.weight_bits=64"), "enlarge systolic.buffers.weight_bits"),
    ],
)
def test_wrong_input_is_a_clean_error(
    net: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, net, *arguments)
    assert (code, out) == (1, "")
    assert message in err
    assert "Traceback" not in err


def test_a_wrong_model_fails_and_is_explained(
    net: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ExactModel.evaluate
    monkeypatch.setattr(exact.ExactModel, "evaluate", lambda _, *case: wrong.evaluate(*case))
    wrong = OffBy("dram_bits.weight", 8, "linear")
    monkeypatch.setattr("tests.backends.verify.wrong_models.ExactModel", lambda: Right())

    class Right:
        evaluate = staticmethod(lambda *case: right(ExactModel(), *case))

    code, out, err = run(capsys, net, "--hw", "HI1")
    assert (code, err) == (1, "")
    assert "of them distinct: 1 DIFFER\n" in out
    assert "DIFFERS: counts" in out
    assert re.search(r"\nfc1: counts: dram_bits.weight, operand weight: expected [\d,]+, got [\d,]+\n  tile: oc 0", out)


def test_control_c_ends_with_130(net: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simdc.backends.verify.verify_layer", interrupted)
    assert main(["verify", net, "--hw", "HI1"]) == 130


@pytest.mark.parametrize("run_of", [("--context", "5"), ("--decode", "--context", "5")])
def test_a_language_model_is_checked_at_a_length(
    run_of: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step appends to two caches in each of two layers, a prefill to none."""
    code, out, err = run(capsys, written(tmp_path, decoder()), "--hw", "HI1", *run_of)
    assert (code, err) == (0, "")
    assert ": all agree\n" in out
    assert ("layer0.keys and 3 alike" in out) == ("--decode" in run_of)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--decode",), "--decode goes with --context"),
        (("--decode", "--context", "2:9"), "--context: one length at a time is taken here, got 2:9"),
        (("--decode", "--context", "2,9"), "--context: one length at a time is taken here, got 2,9"),
        (("--context", "0"), "--context: expected 1 to 16777216 tokens, got '0'"),
        (("--generate", "3+4"), "no option '--generate'"),
    ],
)
def test_lengths_that_are_not_checked(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, written(tmp_path, decoder()), "--hw", "HI1", *words)
    assert (code, out) == (2, "")
    assert message in err
