"""The ops of the `transform` dialect that are read in the custom form, too; all others are in the generic one."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, i1, i64
from xdsl.dialects.transform import MatchOp, NamedSequenceOp, TileOp, Transform, YieldOp
from xdsl.dialects.utils import ScalableDynamicIndexList
from xdsl.ir import Dialect
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    result_def,
    var_operand_def,
    var_result_def,
)


@irdl_op_definition
class SplitHandleOp(IRDLOperation):
    """A handle for each op of another."""

    name = "transform.split_handle"

    handle = operand_def()
    made = var_result_def()

    assembly_format: ClassVar = "$handle attr-dict `:` functional-type(operands, results)"


@irdl_op_definition
class TileUsingForallOp(IRDLOperation):
    """Tiles of all loops at once, outermost first."""

    name = "transform.structured.tile_using_forall"

    target = operand_def()
    sizes = var_operand_def()
    static_tile_sizes = opt_prop_def(DenseArrayBase.constr(i64))
    scalable_sizes = opt_prop_def(DenseArrayBase.constr(i1))
    mapping = opt_prop_def(ArrayAttr)
    tiled = result_def()
    loop = result_def()

    assembly_format: ClassVar = (
        "$target `tile_sizes` custom<ScalableDynamicIndexList>($sizes, $static_tile_sizes, $scalable_sizes) "
        "(`(` `mapping` `=` $mapping^ `)`)? attr-dict `:` functional-type(operands, results)"
    )
    custom_directives: ClassVar = (ScalableDynamicIndexList,)


TRANSFORM = Dialect(
    "transform",
    [MatchOp, NamedSequenceOp, TileOp, YieldOp, SplitHandleOp, TileUsingForallOp],
    list(Transform.attributes),
)
