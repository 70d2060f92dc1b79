"""ONNX files are read as they were written; all others are refused in one line."""

from dataclasses import replace

import numpy as np
import pytest
from networks.networks import small_file, small_network

from landmark_emotion.networks.graph import check
from landmark_emotion.networks.onnx_file import Node, parse, serialize


def test_what_was_written_is_read():
    file, _, _ = small_network()
    again = parse(serialize(file))
    assert again.nodes == file.nodes
    assert again.inputs == file.inputs
    assert again.outputs == file.outputs
    assert again.metadata == file.metadata
    for name, array in file.weights.items():
        np.testing.assert_array_equal(again.weights[name], array)


def test_the_onnx_package_accepts_what_is_written():
    onnx = pytest.importorskip("onnx")
    onnx.checker.check_model(onnx.load_from_string(small_file()), full_check=True)


def refused(data):
    """Return whether a file is refused; any error but a ValueError of one line fails."""
    text = None
    try:
        check(parse(data))
    except ValueError as error:
        text = str(error)
    assert text is None or (text and "\n" not in text)
    return text is not None


def test_truncated_files_are_refused():
    data = small_file()
    assert not refused(data)
    # The metadata are the last part, so a file without them is still one.
    cuts = sum(not refused(data[:length]) for length in range(len(data)))
    assert cuts <= 2


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_a_flipped_bit_is_refused_or_harmless(bit):
    data = bytearray(small_file())
    outcomes = set()
    for place in range(len(data)):
        data[place] ^= 1 << bit
        outcomes.add(refused(bytes(data)))
        data[place] ^= 1 << bit
    assert outcomes == {True, False}


@pytest.mark.parametrize(
    "data",
    [
        b"\x3a\xff\xff\xff\xff\x7f",  # a graph of 32 GB
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x42\x00" * 10**6,  # a million empty versions
        b"\x08\x05" * 10**5,  # a field again and again
        b"\x3a\x02\x0b\x0c" * 100,  # groups
    ],
)
def test_forged_files_are_refused(data):
    assert refused(data)
    assert refused(small_file() + data)


def changed(**changes):
    return replace(small_network()[0], **changes)


def with_node(place, **changes):
    nodes = list(small_network()[0].nodes)
    nodes[place] = replace(nodes[place], **changes)
    return changed(nodes=tuple(nodes))


def with_attributes(place, **attributes):
    node = small_network()[0].nodes[place]
    return with_node(place, attributes={**node.attributes, **attributes})


def with_weights(name, array):
    return changed(weights={**small_network()[0].weights, name: array})


LOOP = Node("Relu", ("b",), "a"), Node("Relu", ("a",), "b")
NODES = small_network()[0].nodes

BAD = {
    "a cycle": changed(nodes=(*LOOP, *NODES)),
    "wrong order": changed(nodes=NODES[::-1]),
    "an unknown operator": with_node(1, kind="Loop"),
    "too few inputs": with_node(0, inputs=("input",)),
    "too many inputs": with_node(1, inputs=("t0", "t0")),
    "a missing input": with_node(1, inputs=("none",)),
    "a constant convolved": with_node(0, inputs=("w0", "w0", "w1")),
    "a name twice": with_node(1, output="t0"),
    "an unused result": changed(nodes=(*NODES, Node("Relu", ("t0",), "more"))),
    "other channels": with_attributes(0, group=2),
    "a stride of 0": with_attributes(0, strides=(0, 2)),
    "a huge padding": with_attributes(0, pads=(0, 0, 2**40, 0)),
    "a negative padding": with_attributes(0, pads=(-1, 0, 0, 0)),
    "an unknown attribute": with_attributes(1, alpha=1.0),
    "another kernel": with_attributes(0, kernel_shape=(5, 5)),
    "not finite": with_weights("w1", np.full(4, np.nan, np.float32)),
    "infinite": with_weights("w1", np.full(4, np.inf, np.float32)),
    "another shape": with_weights("w1", np.zeros(5, np.float32)),
    "integers": with_weights("w1", np.zeros(4, np.int64)),
    "no outputs": changed(outputs={}),
    "an output that is not computed": changed(outputs={"none": (1, 3)}),
    "an output of another shape": changed(outputs={"scores": (1, 4), "features": (1, 4)}),
    "the input as output": changed(outputs={"input": (1, 1, 12, 12), "features": (1, 4)}),
    "a huge input": changed(inputs={"input": (1, 1, 2**20, 2**20)}),
    "two inputs": changed(inputs={"input": (1, 1, 12, 12), "more": (1, 1, 12, 12)}),
    "endless work": changed(
        nodes=(
            *(Node("Relu", ("input" if not n else f"r{n - 1}",), f"r{n}") for n in range(2000)),
            *NODES,
        )
    ),
}


@pytest.mark.parametrize("file", BAD.values(), ids=BAD.keys())
def test_graphs_that_cannot_be_evaluated_are_refused(file):
    assert refused(serialize(file))
