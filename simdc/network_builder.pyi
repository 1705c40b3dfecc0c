"""Networks written in Python, a method for every layer. Made by docs/generate_layers.py."""

from collections.abc import Sequence
from typing import Literal

from simdc.api import Network
from simdc.errors import SimdcError

class UnknownLayer(SimdcError, AttributeError):
    """There is no layer of that name."""

class Tensor:
    """An input of a network or the result of a layer."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes, the batch first."""

class NetworkBuilder:
    """A network that is written layer by layer, for `batch` images.

    Each layer of docs/dsl.md is a method: it takes tensors, then options by name, and gives a tensor. A layer without a
    `name` is called after its kind with a number. Mistakes raise SimdcError at the line of the call; the network stays
    as it was.
    """

    def __init__(self, name: str, batch: int = 1) -> None: ...
    def input(self, name: str, shape: Sequence[int]) -> Tensor:
        """An input of the network; `shape` is without the batch, such as (3, 224, 224)."""

    def layer(self, kind: str, *inputs: Tensor, name: str | None = None, **options: object) -> Tensor:
        """A layer by the name of its kind: `net.layer("relu", x)` is `net.relu(x)`."""

    def finish(self, *results: Tensor) -> Network:
        """The network that gives `results`. Nothing can be added afterwards."""

    def abs(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """Absolute values."""

    def add(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x + y`; shapes are broadcast as in numpy."""

    def argmax(self, x: Tensor, /, *, axis: int = 1, keepdims: bool = False, name: str | None = None) -> Tensor:
        """The number of the first largest position; without gradient.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        keepdims: true or false"""

    def argmin(self, x: Tensor, /, *, axis: int = 1, keepdims: bool = False, name: str | None = None) -> Tensor:
        """The number of the first smallest position; without gradient.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        keepdims: true or false"""

    def attention(
        self,
        x: Tensor,
        y: Tensor,
        z: Tensor,
        /,
        *,
        causal: bool = False,
        scale: float | None = None,
        name: str | None = None,
    ) -> Tensor:
        """Attention of queries `x` to keys `y` and values `z`, all `[n, heads, tokens, features]`.

        causal: true or false; a query sees no later key; the last query sees all
        scale: any number; of scores; `1 / sqrt(features of a head)` if left out"""

    def avgpool(
        self,
        x: Tensor,
        /,
        *,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        pad: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        name: str | None = None,
    ) -> Tensor:
        """The mean of each window.

        kernel: one size, or [height, width]
        stride: one size, or [height, width]; the kernel's sizes if left out
        pad: one margin, [height, width] or [top, left, bottom, right]
        ceil_mode: true or false; the last window may reach beyond the border
        count_include_pad: true or false; divide by the whole window, not by what of it lies in the image"""

    def avgpool3d(
        self,
        x: Tensor,
        /,
        *,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        pad: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        name: str | None = None,
    ) -> Tensor:
        """The mean of each window of a volume [n, c, d, h, w].

        kernel: one size, or [depth, height, width]
        stride: one size, or [depth, height, width]; the kernel's sizes if left out
        pad: one margin, [depth, height, width] or [front, top, left, back, bottom, right]
        ceil_mode: true or false; the last window may reach beyond the border
        count_include_pad: true or false; divide by the whole window, not by what of it lies in the volume"""

    def bn(self, x: Tensor, /, *, freeze: bool = False, name: str | None = None) -> Tensor:
        """Batch normalization.

        freeze: true or false; keep its parameters from training"""

    def cache(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """Keys or values `[n, heads, tokens, features]` that a decoder keeps: the identity, or an append."""

    def cache_append(self, x: Tensor, y: Tensor, /, *, axis: int = -2, name: str | None = None) -> Tensor:
        """The rows `y` behind the cache `x`, of which only they are moved.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last"""

    def ceil(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The smallest whole number that is not below; without gradient."""

    def channel_shuffle(self, x: Tensor, /, *, groups: int, name: str | None = None) -> Tensor:
        """Channels of all groups in turn: reshape, transpose, reshape.

        groups: a positive whole number"""

    def clip(
        self, x: Tensor, /, *, minimum: float | None = None, maximum: float | None = None, name: str | None = None
    ) -> Tensor:
        """Values between two bounds, one of which may be left out.

        minimum: any number; no bound below if left out
        maximum: any number; no bound above if left out"""

    def cls_token(self, x: Tensor, /, *, freeze: bool = False, name: str | None = None) -> Tensor:
        """A learnt token before those of `[n, tokens, features]`, the same for every sequence of the batch.

        freeze: true or false; keep its parameters from training"""

    def concat(self, *inputs: Tensor, axis: int = 1, name: str | None = None) -> Tensor:
        """Joins tensors along a dimension, by default the channels.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last"""

    def conv(
        self,
        x: Tensor,
        /,
        *,
        channels: int,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        pad: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = False,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Convolution.

        channels: a positive whole number; of the result
        kernel: one size, or [height, width]
        stride: one size, or [height, width]
        pad: one margin, [height, width] or [top, left, bottom, right]
        dilation: one size, or [height, width]
        groups: a positive whole number
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def conv1d(
        self,
        x: Tensor,
        /,
        *,
        channels: int,
        kernel: int,
        stride: int = 1,
        pad: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Convolution of sequences [n, c, t].

        channels: a positive whole number; of the result
        kernel: a positive whole number
        stride: a positive whole number
        pad: 0, 1, 2, ...; at either end
        dilation: a positive whole number
        groups: a positive whole number
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def conv3d(
        self,
        x: Tensor,
        /,
        *,
        channels: int,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        pad: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = False,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Convolution of volumes [n, c, d, h, w].

        channels: a positive whole number; of the result
        kernel: one size, or [depth, height, width]
        stride: one size, or [depth, height, width]
        pad: one margin, [depth, height, width] or [front, top, left, back, bottom, right]
        dilation: one size, or [depth, height, width]
        groups: a positive whole number
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def conv_transpose(
        self,
        x: Tensor,
        /,
        *,
        channels: int,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        pad: int | Sequence[int] = 0,
        output_pad: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = False,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Transposed convolution.

        channels: a positive whole number; of the result
        kernel: one size, or [height, width]
        stride: one size, or [height, width]
        pad: one margin, [height, width] or [top, left, bottom, right]; cut off
        output_pad: one margin, or [height, width]; added below and on the right
        dilation: one size, or [height, width]
        groups: a positive whole number
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def conv_transpose3d(
        self,
        x: Tensor,
        /,
        *,
        channels: int,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        pad: int | Sequence[int] = 0,
        output_pad: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = False,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Transposed convolution of volumes [n, c, d, h, w].

        channels: a positive whole number; of the result
        kernel: one size, or [depth, height, width]
        stride: one size, or [depth, height, width]
        pad: one margin, [depth, height, width] or [front, top, left, back, bottom, right]; cut off
        output_pad: one margin, or [depth, height, width]; added behind, below and on the right
        dilation: one size, or [depth, height, width]
        groups: a positive whole number
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def cos(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The cosine, by a polynomial."""

    def cumulative_sum(
        self, x: Tensor, /, *, axis: int = -1, exclusive: bool = False, name: str | None = None
    ) -> Tensor:
        """The sum of all elements so far, along a dimension.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        exclusive: true or false; whether a sum is without its own element"""

    def div(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x / y`, broadcast."""

    def dropout(self, x: Tensor, /, *, rate: float = 0.5, name: str | None = None) -> Tensor:
        """Drops values while training.

        rate: any number; at least 0, below 1"""

    def elu(self, x: Tensor, /, *, alpha: float = 1.0, name: str | None = None) -> Tensor:
        """`x` above zero, `alpha * (exp(x) - 1)` below.

        alpha: any number"""

    def embed(
        self, x: Tensor, /, *, vocabulary: int, features: int, freeze: bool = False, name: str | None = None
    ) -> Tensor:
        """A row of a learnt table for each number in `x`.

        vocabulary: a positive whole number
        features: a positive whole number
        freeze: true or false; keep its parameters from training"""

    def equal(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """1 where `x = y`, else 0; broadcast, without gradient."""

    def erf(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The error function."""

    def exp(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`exp(x)`."""

    def expand(self, x: Tensor, /, *, shape: int | Sequence[int], name: str | None = None) -> Tensor:
        """Repeats dimensions of size 1.

        shape: sizes of all dimensions but the batch"""

    def fc(
        self,
        x: Tensor,
        /,
        *,
        features: int,
        bias: bool = True,
        freeze: bool = False,
        weight: str | None = None,
        name: str | None = None,
    ) -> Tensor:
        """A fully connected layer of `[n, features]` or `[n, tokens, features]`; 1x1 pixels are flattened for it.

        features: a positive whole number; of the result
        bias: true or false
        freeze: true or false; keep its parameters from training
        weight: the name of a layer before this one; whose weight this one uses, too: the table of `embed`,
            another `fc`"""

    def flatten(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`[n, c, h, w]` read as `[n, c*h*w]`; moves nothing."""

    def floor(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The largest whole number that is not above; without gradient."""

    def gather(self, x: Tensor, y: Tensor, /, *, axis: int = 0, name: str | None = None) -> Tensor:
        """The rows of `x` with the numbers `y`, along a dimension.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last"""

    def geglu(
        self, x: Tensor, y: Tensor, /, *, approximate: Literal["none", "tanh"] = "none", name: str | None = None
    ) -> Tensor:
        '''`gelu(x) * y`, in one pass.

        approximate: one of "none", "tanh"'''

    def gelu(self, x: Tensor, /, *, approximate: Literal["none", "tanh"] = "none", name: str | None = None) -> Tensor:
        '''`x` times the distribution function of the normal distribution, or its approximation by tanh.

        approximate: one of "none", "tanh"'''

    def global_avgpool(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The mean of each channel; keeps 1x1 pixels."""

    def global_maxpool(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The largest of each channel; keeps 1x1 pixels."""

    def group_norm(
        self, x: Tensor, /, *, groups: int, epsilon: float = 1e-05, freeze: bool = False, name: str | None = None
    ) -> Tensor:
        """Normalizes groups of channels of each image.

        groups: a positive whole number
        epsilon: a number, not negative
        freeze: true or false; keep its parameters from training"""

    def gru(
        self,
        x: Tensor,
        /,
        *,
        features: int,
        bidirectional: bool = False,
        last: bool = False,
        bias: bool = True,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Gated recurrent units over [n, t, features]: the hidden state after each step.

        features: a positive whole number; of the state
        bidirectional: true or false; another one runs from the end; both stand side by side
        last: true or false; the state after the last step only, [n, features]
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def hardsigmoid(
        self, x: Tensor, /, *, alpha: float = 0.16666666666666666, beta: float = 0.5, name: str | None = None
    ) -> Tensor:
        """`alpha * x + beta`, between 0 and 1.

        alpha: any number
        beta: any number"""

    def hardswish(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x * hardsigmoid(x)`."""

    def heads(self, x: Tensor, /, *, count: int, name: str | None = None) -> Tensor:
        """Cuts `[n, tokens, features]` into heads: `[n, heads, tokens, features / heads]`.

        count: a positive whole number; of heads"""

    def instance_norm(
        self, x: Tensor, /, *, epsilon: float = 1e-05, freeze: bool = False, name: str | None = None
    ) -> Tensor:
        """Normalizes each channel of each image.

        epsilon: a number, not negative
        freeze: true or false; keep its parameters from training"""

    def layer_norm(
        self,
        x: Tensor,
        /,
        *,
        axis: int = -1,
        epsilon: float = 1e-05,
        bias: bool = True,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Normalizes each row: the dimensions from `axis` on.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        epsilon: a number, not negative
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def leaky_relu(self, x: Tensor, /, *, alpha: float = 0.01, name: str | None = None) -> Tensor:
        """`x` above zero, `alpha * x` below.

        alpha: any number"""

    def learned_positions(
        self, x: Tensor, /, *, rows: int | None = None, freeze: bool = False, name: str | None = None
    ) -> Tensor:
        """Adds a learnt tensor, the same for every sequence of the batch.

        rows: a positive whole number; positions that were learnt, at least as many as there are tokens
        freeze: true or false; keep its parameters from training"""

    def less(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """1 where `x < y`, else 0; broadcast, without gradient."""

    def less_or_equal(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """1 where `x <= y`, else 0; broadcast, without gradient."""

    def log(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The natural logarithm."""

    def log_softmax(self, x: Tensor, /, *, axis: int = 1, name: str | None = None) -> Tensor:
        """The logarithm of a softmax along a dimension.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last"""

    def lrn(
        self,
        x: Tensor,
        /,
        *,
        size: int = 5,
        alpha: float = 0.0001,
        beta: float = 0.75,
        bias: float = 1.0,
        name: str | None = None,
    ) -> Tensor:
        """Local response normalization across channels.

        size: a positive whole number
        alpha: any number
        beta: any number
        bias: any number"""

    def lstm(
        self,
        x: Tensor,
        /,
        *,
        features: int,
        bidirectional: bool = False,
        last: bool = False,
        bias: bool = True,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Long short-term memory over [n, t, features]: the hidden state after each step.

        features: a positive whole number; of the state
        bidirectional: true or false; another one runs from the end; both stand side by side
        last: true or false; the state after the last step only, [n, features]
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def masked_attention(
        self,
        x: Tensor,
        y: Tensor,
        z: Tensor,
        u: Tensor,
        /,
        *,
        causal: bool = False,
        scale: float | None = None,
        name: str | None = None,
    ) -> Tensor:
        """Attention with `u` added to its scores `[n, heads, queries, keys]`; it is broadcast.

        causal: true or false; a query sees no later key; the last query sees all
        scale: any number; of scores; `1 / sqrt(features of a head)` if left out"""

    def masked_softmax(
        self,
        x: Tensor,
        y: Tensor,
        /,
        *,
        axis: int = -1,
        scale: float = 1.0,
        causal: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """The softmax of `scale * x + mask`; the mask is broadcast.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        scale: any number
        causal: true or false"""

    def matmul(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """The product of matrices or stacks of them, `[..., m, k]` and `[..., k, n]`."""

    def maximum(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """The larger of both, broadcast."""

    def maxpool(
        self,
        x: Tensor,
        /,
        *,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        pad: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        ceil_mode: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """The largest of each window.

        kernel: one size, or [height, width]
        stride: one size, or [height, width]; the kernel's sizes if left out
        pad: one margin, [height, width] or [top, left, bottom, right]
        dilation: one size, or [height, width]
        ceil_mode: true or false; the last window may reach beyond the border"""

    def maxpool3d(
        self,
        x: Tensor,
        /,
        *,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        pad: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        ceil_mode: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """The largest of each window of a volume [n, c, d, h, w].

        kernel: one size, or [depth, height, width]
        stride: one size, or [depth, height, width]; the kernel's sizes if left out
        pad: one margin, [depth, height, width] or [front, top, left, back, bottom, right]
        dilation: one size, or [depth, height, width]
        ceil_mode: true or false; the last window may reach beyond the border"""

    def merge_heads(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """Puts heads `[n, heads, tokens, features]` side by side: `[n, tokens, heads * features]`."""

    def minimum(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """The smaller of both, broadcast."""

    def mish(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x * tanh(softplus(x))`."""

    def moe(
        self,
        x: Tensor,
        /,
        *,
        experts: int,
        active: int,
        hidden: int,
        routing: Literal["balanced", "best", "worst"] = "balanced",
        tokens_per_expert: Sequence[int] | None = None,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """A mixture of experts over `[n, tokens, features]`, each a gated unit between three products.

        experts: a positive whole number
        active: a positive whole number; experts that a token goes to
        hidden: a positive whole number; features inside an expert
        routing: one of "balanced", "best", "worst"
        tokens_per_expert: a list of whole numbers, none negative; instead of `routing`
        freeze: true or false; keep its parameters from training"""

    def mul(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x * y`, broadcast."""

    def neg(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`-x`."""

    def pad(self, x: Tensor, /, *, pad: int | Sequence[int], value: float = 0.0, name: str | None = None) -> Tensor:
        """A border around the image.

        pad: one margin, [height, width] or [top, left, bottom, right]
        value: any number"""

    def pow(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x` to the power of `y`, broadcast, for positive `x`."""

    def prelu(self, x: Tensor, /, *, freeze: bool = False, name: str | None = None) -> Tensor:
        """`x` above zero, a slope that each channel learns times `x` below.

        freeze: true or false; keep its parameters from training"""

    def reciprocal(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`1 / x`."""

    def reduce_max(
        self, x: Tensor, /, *, axes: int | Sequence[int], keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        """The largest over dimensions.

        axes: one dimension or a list of some
        keepdims: true or false"""

    def reduce_mean(
        self, x: Tensor, /, *, axes: int | Sequence[int], keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        """The mean over dimensions.

        axes: one dimension or a list of some
        keepdims: true or false"""

    def reduce_min(
        self, x: Tensor, /, *, axes: int | Sequence[int], keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        """The smallest over dimensions.

        axes: one dimension or a list of some
        keepdims: true or false"""

    def reduce_product(
        self, x: Tensor, /, *, axes: int | Sequence[int], keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        """The product over dimensions.

        axes: one dimension or a list of some
        keepdims: true or false"""

    def reduce_sum(
        self, x: Tensor, /, *, axes: int | Sequence[int], keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        """The sum over dimensions.

        axes: one dimension or a list of some
        keepdims: true or false"""

    def relu(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`max(x, 0)`."""

    def relu6(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`clip` between 0 and 6."""

    def reshape(self, x: Tensor, /, *, shape: int | Sequence[int], name: str | None = None) -> Tensor:
        """Another shape for the same values; moves nothing.

        shape: sizes of all dimensions but the batch"""

    def resize(
        self,
        x: Tensor,
        /,
        *,
        size: int | Sequence[int],
        mode: Literal["nearest", "linear"] = "nearest",
        coordinates: Literal["asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"] = "half_pixel",
        name: str | None = None,
    ) -> Tensor:
        '''Another height and width, by the nearest pixel or by linear interpolation.

        size: one size, or [height, width]
        mode: one of "nearest", "linear"
        coordinates: one of "asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"'''

    def rms_norm(
        self,
        x: Tensor,
        /,
        *,
        axis: int = -1,
        epsilon: float = 1e-06,
        scale: bool = True,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Divides each row, the dimensions from `axis` on, by its root mean square.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        epsilon: a number, not negative
        scale: true or false
        freeze: true or false; keep its parameters from training"""

    def rnn(
        self,
        x: Tensor,
        /,
        *,
        features: int,
        function: Literal["tanh", "relu"] = "tanh",
        bidirectional: bool = False,
        last: bool = False,
        bias: bool = True,
        freeze: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """A plain recurrent layer over [n, t, features]: the hidden state after each step.

        features: a positive whole number; of the state
        function: one of "tanh", "relu"
        bidirectional: true or false; another one runs from the end; both stand side by side
        last: true or false; the state after the last step only, [n, features]
        bias: true or false
        freeze: true or false; keep its parameters from training"""

    def rope(
        self,
        x: Tensor,
        /,
        *,
        rotary: int | None = None,
        interleaved: bool = False,
        base: float = 10000.0,
        name: str | None = None,
    ) -> Tensor:
        """Rotary position embedding of `[..., tokens, features]`.

        rotary: a positive whole number; features that are turned, the first ones; all if left out
        interleaved: true or false; whether a pair are neighbours, else half of the features lie between
        base: a number above 0; the angle of pair p at token t is `t / base^(2p / rotary)`"""

    def round(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The nearest whole number, of two the even one; without gradient."""

    def scalar(
        self,
        x: Tensor,
        /,
        *,
        function: Literal[
            "add",
            "sub",
            "rsub",
            "mul",
            "div",
            "rdiv",
            "pow",
            "max",
            "min",
            "equal",
            "less",
            "less_or_equal",
            "greater",
            "greater_or_equal",
        ],
        value: float,
        name: str | None = None,
    ) -> Tensor:
        """Element by element with a number: `"rsub"` is value - x, `"rdiv"` value / x, `"less"` x < value.

        function: one of "add", "sub", "rsub", "mul", "div", "rdiv", "pow", "max", "min", "equal", "less",
            "less_or_equal", "greater", "greater_or_equal"
        value: any number"""

    def sigmoid(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`1 / (1 + exp(-x))`."""

    def sign(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """1, 0 or -1; without gradient."""

    def silu(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x * sigmoid(x)`."""

    def sin(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The sine, by a polynomial."""

    def slice(
        self, x: Tensor, /, *, axis: int, first: int, count: int, step: int = 1, name: str | None = None
    ) -> Tensor:
        """`count` positions along a dimension.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        first: 0, 1, 2, ...
        count: a positive whole number
        step: a positive whole number"""

    def softmax(
        self, x: Tensor, /, *, axis: int = 1, scale: float = 1.0, causal: bool = False, name: str | None = None
    ) -> Tensor:
        """Exponentials divided by their sum along a dimension.

        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        scale: any number
        causal: true or false"""

    def softplus(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """`log(1 + exp(x))`."""

    def sqrt(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The square root."""

    def sub(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x - y`, broadcast."""

    def swiglu(self, x: Tensor, y: Tensor, /, *, name: str | None = None) -> Tensor:
        """`x * sigmoid(x) * y`, in one pass."""

    def tanh(self, x: Tensor, /, *, name: str | None = None) -> Tensor:
        """The hyperbolic tangent."""

    def top_k(
        self,
        x: Tensor,
        /,
        *,
        count: int,
        axis: int = -1,
        smallest: bool = False,
        result: Literal["values", "indices"] = "values",
        name: str | None = None,
    ) -> Tensor:
        '''The largest numbers along a dimension, the largest first, or where they stand.

        count: a positive whole number
        axis: a dimension: 0 is the batch, 1 the channels, -1 the last
        smallest: true or false
        result: one of "values", "indices"'''

    def transpose(self, x: Tensor, /, *, permutation: int | Sequence[int], name: str | None = None) -> Tensor:
        """Dimension d of the result is dimension `permutation[d]` of the input.

        permutation: one dimension or a list of some"""

    def upsample(
        self,
        x: Tensor,
        /,
        *,
        factor: int | Sequence[int] = 2,
        mode: Literal["nearest", "linear"] = "nearest",
        coordinates: Literal["asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"] = "half_pixel",
        name: str | None = None,
    ) -> Tensor:
        '''Resizes to a multiple.

        factor: one size, or [height, width]
        mode: one of "nearest", "linear"
        coordinates: one of "asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"'''

    def where(self, x: Tensor, y: Tensor, z: Tensor, /, *, name: str | None = None) -> Tensor:
        """`y` where `x` is not 0, else `z`; all three are broadcast."""
