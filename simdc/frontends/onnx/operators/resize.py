"""Resize, and Upsample, what it was called up to opset 9."""

from __future__ import annotations

from math import floor, isfinite

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.ops.resize import ResizeOp

from .view import view


def _scales(build: Build, place: int) -> tuple[float, ...] | None:
    found = build.constant(place)
    if found is None and build.has(place):
        raise Unsupported("its scales depend on data")
    scales = None if found is None or not found.elements else tuple(map(float, found.settings()))
    if not all(isfinite(scale) and scale > 0 for scale in scales or ()):
        raise Unsupported(f"its scales are {list(scales or ())}")
    return scales


def _sizes(build: Build, scales: tuple[float, ...] | None, sizes: tuple[int, ...] | None) -> tuple[int, ...]:
    """Of the whole result, from those or from factors."""
    shape = build.shape(0)
    axes = build.node.integers("axes") or tuple(range(len(shape)))
    wanted = list(shape)
    given = sizes or scales
    if given is None or len(given) != len(axes):
        raise Unsupported("its sizes do not fit its input")
    for number, axis in enumerate(axes):
        wanted[axis] = sizes[number] if sizes else floor(shape[axis] * (scales or ())[number])
    if build.rebatch is not None and sizes and wanted[0] == build.rebatch[0]:
        wanted[0] = shape[0]
    return tuple(wanted)


def _resized(build: Build, size: tuple[int, ...], mode: str, coordinates: str, rounding: str) -> Value:
    shape, x = build.shape(0), build.tensor(0)
    if len(shape) not in (3, 4) or size[:2] != shape[:2]:
        raise Unsupported(f"it makes {list(size)} of shape {list(shape)}, and simdc resizes images")
    if size == shape:
        return view(build, x, shape)
    settings = {"mode": mode, "coordinates": coordinates, "rounding": rounding}
    if len(shape) == 4:
        return build.add(ResizeOp(build.name, x, size=size[2:], **settings))
    image = view(build, x, (*shape[:2], 1, shape[2]), build.part("image"))
    larger = build.add(ResizeOp(build.part("resize"), image, size=(1, size[2]), **settings))
    return view(build, larger, size)


@operator("Resize", settings=(1, 2, 3))
def resize(build: Build) -> Value:
    node = build.node
    mode = node.text("mode", "nearest")
    if build.opset < 11:
        size = _sizes(build, _scales(build, 1), None)
        return _resized(build, size, mode, "asymmetric", "floor")
    if node.integer("antialias", 0) and mode != "nearest":
        raise Unsupported("it smooths (antialias)")
    policy = node.text("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        raise Unsupported(f"its keep_aspect_ratio_policy is {policy}")
    sizes = build.settings(3, "sizes") or None
    scales = None if sizes else _scales(build, 2)
    coordinates = node.text("coordinate_transformation_mode", "half_pixel")
    rounding = node.text("nearest_mode", "round_prefer_floor")
    return _resized(build, _sizes(build, scales, sizes), mode, coordinates, rounding)


@operator("Upsample", settings=(1,))
def upsample(build: Build) -> Value:
    scales = build.node.reals("scales") or _scales(build, 1)
    mode = build.node.text("mode", "nearest")
    return _resized(build, _sizes(build, scales, None), mode.replace("bilinear", "linear"), "asymmetric", "floor")
