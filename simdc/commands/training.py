"""The training step that the options of a command describe."""

from __future__ import annotations

from argparse import Namespace

from xdsl.passes import ModulePass

from simdc.passes.pipeline import training_passes


def chosen_training(arguments: Namespace) -> tuple[ModulePass, ...]:
    """The passes that make the training step that the options of `add_training` describe. Raises SimdcError."""
    return training_passes(
        arguments.optimizer,
        arguments.weight_decay,
        master_weights=arguments.master_weights,
        input_grad=arguments.input_grad,
        loss=() if arguments.loss is None else arguments.loss.split(","),
        class_axis=arguments.class_axis,
        soft_targets=arguments.soft_targets,
        fold=not arguments.no_fold,
    )
