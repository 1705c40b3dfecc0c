"""Runs a pipeline of passes over a module, verifying after each and showing the IR where asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass, PassPipeline
from xdsl.utils.exceptions import DiagnosticException, PassFailedException

from simdc.choices import Objective
from simdc.cost.model_table import check_model, load_model
from simdc.errors import SimdcError, suggestion
from simdc.ir.context import first_invalid, make_context

from . import PASSES, PLUGIN_PASSES, load_pass


def training_passes(
    optimizer: str,
    weight_decay: float = 0.0,
    *,
    master_weights: bool = False,
    input_grad: bool = False,
    loss: Sequence[str] = (),
    class_axis: int | None = None,
    soft_targets: bool = False,
    fold: bool = True,
) -> tuple[ModulePass, ...]:
    """The passes that make a training step of a network; with `fold` borders of zeros become padding first, and masks
    part of the softmax. Raises SimdcError for an unknown optimizer or loss, or an infinite decay."""
    from .derive_training import OPTIMIZERS, DeriveTrainingPass
    from .fold_padding import FoldPaddingPass
    from .fold_scores import FoldScoresPass

    if optimizer not in OPTIMIZERS:
        raise SimdcError(f"there is no optimizer '{optimizer}'; known: {', '.join(OPTIMIZERS)}")
    try:
        return (
            # Before the gradients: a border that is a layer would get a gradient layer, too.
            *((FoldPaddingPass(), FoldScoresPass()) if fold else ()),
            DeriveTrainingPass(
                optimizer,
                weight_decay=weight_decay,
                master_weights=master_weights,
                input_grad=input_grad,
                loss=tuple(loss),
                class_axis=class_axis,
                soft_targets=soft_targets,
            ),
        )
    except ValueError as error:
        raise SimdcError(str(error)) from None


def lowering_passes(model: str, *, fold: bool = True, fuse: bool = True) -> tuple[ModulePass, ...]:
    """The passes from a network to layers with kernels; without `fold` each layer stays as it stands, without `fuse`
    none runs as one with another. Raises SimdcError for an unknown model."""
    from .assign_layout import AssignLayoutPass
    from .assign_widths import AssignWidthsPass
    from .fold_views import FoldViewsPass
    from .fuse_chains import FuseChainsPass
    from .split_units import SplitUnitsPass
    from .tidy import TidyPass

    try:
        check_model(model)
    except ValueError as error:
        raise SimdcError(str(error)) from None
    tidy = (TidyPass(), FoldViewsPass()) if fold else ()
    rule = load_model(model).width_rule
    # The released SimDIT knows images and matrices only.
    layout = (AssignLayoutPass(),) if rule == "dataflow" else ()
    chains = (FuseChainsPass(),) if fuse else ()
    return (*tidy, *layout, AssignWidthsPass(rule=rule), *chains, SplitUnitsPass())


def default_passes(
    model: str,
    objective: Objective | None = None,
    steps: int | None = None,
    *,
    rule: Literal["default", "greedy"] = "default",
    fold: bool = True,
    fuse: bool = True,
    forms: Sequence[str] = (),
    workers: int = 1,
) -> tuple[ModulePass, ...]:
    """The passes from a network to its cost, with tilings by a rule of `simdc-legalize-tiling` or those that are best
    for an objective of `simdc.choices`, found in `steps` of work a layer by so many `workers`. `forms` are given as to
    `simdc-choose-form`, which chooses the others. Raises SimdcError for a model that nothing searches under."""
    from .annotate_cost import AnnotateCostPass
    from .choose_form import ChooseFormPass
    from .fuse_attention import FuseAttentionPass
    from .legalize_tiling import LegalizeTilingPass

    *before, split = lowering_passes(model, fold=fold, fuse=fuse)
    if objective is None:
        choose, tile = ChooseFormPass(model, rule, forms=tuple(forms)), LegalizeTilingPass(model, rule)
    else:
        from .search_tiling import SearchTilingPass

        try:
            tile = SearchTilingPass(objective, steps, model, workers)
        except ValueError as error:
            raise SimdcError(str(error)) from None
        choose = ChooseFormPass(model, "search", objective, steps, tuple(forms))
    # Whether attention runs as one is a matter of price, too. The released SimDIT prices one array at a time.
    on_chip = fuse and load_model(model).width_rule == "dataflow"
    attention = (FuseAttentionPass(model),) if on_chip else ()
    # Forms are chosen by cost, which needs widths; the form then decides the unit, and the tiling is of its kernel.
    return (*before, *attention, choose, split, tile, AnnotateCostPass(model=model))


def parse_pipeline(text: str) -> tuple[ModulePass, ...]:
    """The passes of `simdc-a,simdc-b{option=value},file.py:Pass`. Raises SimdcError for an unknown pass or option."""
    from xdsl.utils.arg_spec import parse_pipeline as parse_specs
    from xdsl.utils.exceptions import ArgSpecParseError

    from .from_file import take_passes_of_files

    text, of_files = take_passes_of_files(text)
    try:
        specs = list(parse_specs(text))
    except ArgSpecParseError as error:
        raise SimdcError(f"-p '{text[:80]}': {error}") from None
    found: list[ModulePass] = []
    for spec in specs:
        try:
            made = of_files[spec.name] if spec.name in of_files else load_pass(spec.name)
            found.append(made.from_spec(spec))
        except KeyError:
            known = [*PASSES, *PLUGIN_PASSES.names()]
            hint = suggestion(spec.name, known) or f"; known passes: {', '.join(known)}"
            raise SimdcError(f"-p: there is no pass '{spec.name}'{hint}") from None
        except (ValueError, TypeError) as error:
            raise SimdcError(f"-p: {spec.name}: {error}") from None
    return tuple(found)


def run_pipeline(
    module: ModuleOp,
    passes: tuple[ModulePass, ...],
    *,
    verify: bool = True,
    after: Callable[[ModulePass], None] | None = None,
) -> None:
    """Apply `passes` in order; `after` sees the module once each is done. Raises SimdcError at the layer at fault.

    `verify` checks the module before the first pass and after each: needed for passes and IR that are not our own.
    """

    def done(previous: ModulePass | None, current: ModuleOp, following: ModulePass | None) -> None:
        if verify and (error := first_invalid(current)) is not None:
            raise error
        if previous is not None and after is not None:
            after(previous)

    try:
        PassPipeline(passes, done).apply(make_context(), module)
    except (PassFailedException, DiagnosticException) as error:
        raise SimdcError(str(error)) from None
