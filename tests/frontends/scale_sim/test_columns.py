"""Columns are found by their titles; what stands in none of them is dropped, read or refused as SCALE-Sim means it."""

from __future__ import annotations

import re
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdc.cost.tiling import loop_bounds
from simdc.errors import SimdcError
from simdc.frontends.scale_sim.topology import parse_topology
from simdc.ir.network import network_of
from simdc.ir.notes import notes_of

HEAD = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"


def macs(text: str, batch: int = 1) -> dict[str, int]:
    network = network_of(parse_topology(text, "net.csv", batch))
    return {layer.layer.data: prod(loop_bounds(layer.kernel()).values()) for layer in network.layers()}


def notes(text: str, batch: int = 1) -> tuple[str, ...]:
    return notes_of(network_of(parse_topology(text, "net.csv", batch)))


def message(text: str, batch: int = 1) -> str:
    with pytest.raises(SimdcError) as caught:
        parse_topology(text, "net.csv", batch)
    assert caught.value.file == "net.csv"
    return f"{caught.value.line}:{caught.value.column}: {caught.value.message}"


def test_batch_size_multiplies() -> None:
    # conv1: (20 - 3) / 1 + 1 = 18 rows and columns; conv2: ceil((18 - 3) / 2) + 1 = 9.
    text = f"{HEAD} Batch Size,\nconv1, 20, 20, 3, 3, 4, 6, 1, 5,\nconv2, 18, 18, 3, 3, 6, 7, 2, 5,\n"
    one_image = {"conv1": 18 * 18 * 9 * 4 * 6, "conv2": 9 * 9 * 9 * 6 * 7}
    assert macs(text) == {name: 5 * count for name, count in one_image.items()}
    assert macs(text, 3) == {name: 3 * 5 * count for name, count in one_image.items()}
    network = network_of(parse_topology(text, "net.csv", 3))
    assert network.batch.value.data == 15
    assert notes_of(network) == ("each row asks for Batch Size 5: 5 x 3 = 15 images",)
    # A row that leaves it out has one image, as all others then must.
    assert macs(f"{HEAD} Batch Size,\nfc, 1, 1, 1, 1, 8, 9, 1,\n") == {"fc": 8 * 9}
    mixed = f"{HEAD} Batch Size,\na, 1, 1, 1, 1, 8, 9, 1, 4,\nb, 1, 1, 1, 1, 8, 9, 1, 2,\n"
    assert message(mixed) == "3:1: Batch Size must be the same in all rows: 2 here, 4 in line 2"
    assert "times the batch 1000 must be at most" in message(
        mixed.replace("2,\n", "4000000,").replace(" 4,", "4000000,"), 1000
    )


def test_products_have_a_batch_too() -> None:
    assert macs("Layer, K, N, M, Batch,\nqkv, 7, 5, 3, 2,\n", 4) == {"qkv": 3 * 5 * 7 * 2 * 4}


def test_sparse_weights_are_refused_and_dense_ones_read() -> None:
    sparse = "Layer, M, N, K, Sparsity,\ng, 3, 5, 16, 3:4,\n"
    assert message(sparse) == "2:14: Sparsity '3:4': sparsity is not modelled; only dense weights are, such as 1:1"
    for dense in ("1:1", " 4 : 4", ""):
        assert macs(sparse.replace("3:4", dense)) == {"g": 3 * 5 * 16}
    for unclear in ("0:0", "half", "4:", "1:14"):
        assert "sparsity is not modelled" in message(sparse.replace("3:4", unclear))


def test_what_follows_the_last_comma_is_a_comment() -> None:
    text = f"{HEAD}\nConv2_dw, 10, 10, 3, 3, 1, 1, 1,#dw\nConv2_pw, 10, 10, 1, 1, 4, 6, 1, pointwise\n"
    assert macs(text) == {"Conv2_dw": 8 * 8 * 9, "Conv2_pw": 100 * 4 * 6}


def test_rows_with_a_name_only_head_sections() -> None:
    text = f"{HEAD}\n\nNCF-DP,\nfc, 1, 1, 1, 1, 8, 4, 1,\nfc, 1, 1, 1, 1, 8, 2, 1,\n\nCNN\nconv, 4, 4, 3, 3, 2, 5, 1,\n"
    # The DP of a section makes no layer depthwise.
    assert macs(text) == {"NCF-DP/fc": 8 * 4, "NCF-DP/fc.2": 8 * 2, "CNN/conv": 4 * 9 * 2 * 5}


def test_tabs_separate_where_there_are_no_commas() -> None:
    text = f"{HEAD.replace(',', chr(9))}\nConv1_1\t8\t8\t3\t3\t1\t6\t1\t\n"
    assert macs(text) == {"Conv1_1": 36 * 9 * 6}
    assert macs(f"{HEAD}\n\tconv1,\t8, 8, 3, 3, 1, 6, 1,\n") == {"conv1": 36 * 9 * 6}


def test_without_a_head_the_first_row_is_a_layer() -> None:
    row = "conv1, 9, 8, 3, 2, 4, 16, 2, 3,\n"
    # (9 - 3) / 2 + 1 = 4 rows, (8 - 2) / 3 + 1 = 3 columns.
    assert macs(row + row.replace("conv1", "conv2")) == dict.fromkeys(("conv1", "conv2"), 4 * 3 * 3 * 2 * 4 * 16)
    (note,) = notes(row + row)
    assert note.startswith("there is no head with titles: columns are read as IFMAP Height, ")
    assert note.endswith("Stride Width, and line 1 as a layer")
    assert macs("a, 3, 5, 7,\nb, 2, 2, 2,\n") == {"a": 3 * 5 * 7, "b": 8}
    assert "'5' stands in a column without a title" in message(row.replace(" 3,\n", " 3, 5,\n") + row)


def test_a_second_stride_without_a_title() -> None:
    text = f"{HEAD}\nconv, 9, 8, 3, 2, 4, 16, 2, 3,\n"
    assert macs(text) == {"conv": 4 * 3 * 3 * 2 * 4 * 16}
    assert notes(text) == ("the number without a title behind 'Strides' (line 2) is read as the stride of the width",)
    # Below a head that has another title there it is not one.
    assert macs(text.replace("Strides,", "Strides, Batch Size,")) == {"conv": 3 * 4 * 4 * 3 * 2 * 4 * 16}


def test_a_title_given_twice() -> None:
    text = f"{HEAD.replace('IFMAP Height', 'IFMAP Width')}\nconv, 9, 8, 3, 2, 4, 16, 1,\n"
    assert macs(text) == {"conv": 7 * 7 * 3 * 2 * 4 * 16}
    assert notes(text) == ("the head says 'IFMAP Width' twice: column 2 is read as 'IFMAP Height'",)
    shuffled = "Layer name, IFMAP Width, Filter Height, IFMAP Width, Filter Width, Channels, Num Filter, Strides,\n"
    assert message(shuffled + "conv, 9, 8, 3, 2, 4, 16, 1,\n") == "1:13: the head has two columns 'IFMAP Width'"


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (HEAD + " Pool,", "1:100: the column 'Pool' is not known; known are 'Layer name', 'IFMAP Height', "),
        (HEAD.replace(" Channels,", ""), "1:1: the head has no column 'Channels'; a topology has 'Layer name, IFMAP "),
        ("Layer, M, N,", "1:1: the head has no column 'K'; a topology has 'Layer name, IFMAP Height, "),
        (
            "Layer, M, N, K, Strides,",
            "1:17: the column 'Strides' is not known; known are 'Layer name', 'M', 'N', 'K', ",
        ),
        ("Schicht, Hoehe, Breite,", "1:10: the column 'Hoehe' is not known"),
    ],
)
def test_a_wrong_head_is_shown(head: str, says: str) -> None:
    assert message(f"{head}\nconv, 9, 8, 3, 2, 4, 16, 1,\n").startswith(says)


TITLES = {
    "height": ("IFMAP Height", "ifmap_height", "Ifmap H"),
    "width": ("IFMAP Width", "ifmap width", '"IFMAP Width"'),
    "kernel_height": ("Filter Height", "filter h"),
    "kernel_width": ("Filter Width", "FILTER WIDTH"),
    "channels": ("Channels", "channel"),
    "filters": ("Num Filter", "num filters", "Num. Filters"),
    "stride": ("Strides", "Stride Height", "stride"),
    "stride_width": ("Stride W", "stride width"),
    "batch": ("Batch Size", "batch"),
    "sparsity": ("Sparsity",),
}


@given(st.data())
def test_any_order_and_spelling_of_the_titles(data: st.DataObject) -> None:
    sizes = {field: data.draw(st.integers(1, 9), label=field) for field in TITLES}
    sizes["height"] += sizes["kernel_height"]
    sizes["width"] += sizes["kernel_width"]
    optional = [field for field in ("stride_width", "batch", "sparsity") if data.draw(st.booleans())]
    fields = data.draw(st.permutations([*list(TITLES)[:7], *optional]))
    titles = [data.draw(st.sampled_from(TITLES[field])) for field in fields]
    cells = [f"{sizes[field]}:{sizes[field]}" if field == "sparsity" else str(sizes[field]) for field in fields]
    where = data.draw(st.integers(0, len(fields)))
    titles.insert(where, "Layer name")
    cells.insert(where, "conv1")
    batch = data.draw(st.integers(1, 5), label="--batch")
    across = sizes["stride_width"] if "stride_width" in optional else sizes["stride"]
    # SCALE-Sim counts ceil((size - kernel + stride) / stride) windows along each axis.
    windows = -(-(sizes["height"] - sizes["kernel_height"] + sizes["stride"]) // sizes["stride"])
    windows *= -(-(sizes["width"] - sizes["kernel_width"] + across) // across)
    work = sizes["kernel_height"] * sizes["kernel_width"] * sizes["channels"] * sizes["filters"]
    images = batch * (sizes["batch"] if "batch" in optional else 1)
    comma = data.draw(st.sampled_from([",", ", ", "\t"]))
    end = data.draw(st.sampled_from(["", comma.strip(" ")]))
    text = "".join(f"{comma.join(line)}{end}\n" for line in (titles, cells))
    assert macs(text, batch) == {"conv1": images * windows * work}, re.sub("\t", "<tab>", text)
