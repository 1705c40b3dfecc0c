"""`simdc-opt`: runs passes over IR text and prints the result, for those who write passes.

    simdc-opt net.mlir -p simdc-fold-batch-norm,simdc-split-units
    simdc-opt net.dsl --hw HI3 -p 'simdc-assign-widths{rule=dataflow}' --print-op-generic

xDSL's own driver with our dialect and passes, those of simdc's plug-ins, and our front ends.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from typing import IO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.universe import XDSL_UNIVERSE
from xdsl.utils.arg_spec import parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException, ParseError
from xdsl.xdsl_opt_main import xDSLOptMain

from simdc.errors import SimdcError, suggestion
from simdc.frontends import FRONT_ENDS, load_network
from simdc.frontends.hardware_file import load_machine
from simdc.ir.context import set_hardware
from simdc.ir.text import IRParser
from simdc.streams import say
from simdc.universe import UNIVERSE, take_passes_of_files


def _given(found: type[ModulePass]) -> type[ModulePass]:
    return found


class OptMain(xDSLOptMain):
    """Registers what xDSL and simdc bring, and nothing of other packages' universes: one of them that does not work
    would end every tool that asks for all."""

    def register_all_dialects(self) -> None:
        for name, factory in {**XDSL_UNIVERSE.all_dialects, **UNIVERSE.all_dialects}.items():
            self.ctx.register_dialect(name, factory)

    def register_all_passes(self) -> None:
        self.available_passes = {**XDSL_UNIVERSE.all_passes, **UNIVERSE.all_passes}

    def register_all_targets(self) -> None:
        self.available_targets = {**XDSL_UNIVERSE.all_targets}

    def setup_pipeline(self) -> None:
        self.args.passes, of_files = take_passes_of_files(self.args.passes)
        for name, found in of_files.items():
            self.available_passes[name] = partial(_given, found)
        for spec in parse_pipeline(self.args.passes):
            if spec.name not in self.available_passes:
                hint = suggestion(spec.name, [*self.available_passes])
                raise SimdcError(f"-p: there is no pass '{spec.name[:80]}'{hint or '; simdc --list passes shows ours'}")
        super().setup_pipeline()

    def register_all_frontends(self) -> None:
        def parse_mlir(stream: IO[bytes] | IO[str]) -> ModuleOp:
            # Since 0.74 xDSL opens its input as bytes, before as text.
            given = stream.read()
            text = given if isinstance(given, str) else given.decode()
            return IRParser(self.ctx, text, self.get_input_name()).parse_module(not self.args.no_implicit_module)

        def load(stream: IO[bytes]) -> ModuleOp:
            return load_network(self.get_input_name(), None)

        self.available_frontends.update({**dict.fromkeys(FRONT_ENDS, load), "mlir": parse_mlir})

    def register_all_arguments(self, arg_parser: ArgumentParser) -> None:
        super().register_all_arguments(arg_parser)
        arg_parser.add_argument(
            "--hw", metavar="MACHINE", help="write this machine onto the module: a file or a preset"
        )

    def parse_chunk(self, chunk: IO[bytes], file_extension: str, start_offset: int = 0) -> ModuleOp | None:
        module = super().parse_chunk(chunk, file_extension, start_offset)
        if module is not None and self.args.hw is not None:
            set_hardware(module, load_machine(self.args.hw))
        return module


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool; what is wrong with the input is said without a traceback."""
    try:
        try:
            tool = OptMain("simdc's passes over IR text", arguments)
        except (ValueError, TypeError) as error:
            raise SimdcError(f"-p: {error}") from None
        if tool.args.input_file in ("-", "/dev/stdin"):
            # Of xDSL's own drivers none takes `-`.
            tool.args.input_file = None
        tool.run()
    except (SimdcError, ParseError, DiagnosticException, ArgSpecParseError, OSError, UnicodeDecodeError) as error:
        say(str(error) if isinstance(error, ParseError) else f"simdc-opt: {error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
