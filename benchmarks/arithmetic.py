"""Counts the arithmetic of a graph: what its matrix products and convolutions multiply and add."""

import math

import tensorflow as tf


def operations(graph: tf.Graph) -> float:
    """Floating-point operations, a multiplication and an addition each one, of what the graph needs.

    Elementwise work is not counted; zeros of a convolution's padding are. Shapes must be static.
    """
    return float(sum(_of(operation) for operation in _needed(graph)))


def _needed(graph) -> set:
    """Operations that an output or a side effect depends on: TensorFlow leaves out the others."""
    wanted = [tensor.op for tensor in graph.outputs]
    wanted += [operation for operation in graph.get_operations() if operation.op_def.is_stateful]
    found: set = set()
    while wanted:
        operation = wanted.pop()
        if operation not in found:
            found.add(operation)
            wanted += [tensor.op for tensor in operation.inputs]
    return found


def _of(operation) -> int:
    if operation.type == "MatMul":
        rows = operation.outputs[0].shape
        inner = operation.inputs[0].shape[0 if operation.get_attr("transpose_a") else 1]
        return 2 * math.prod(rows) * inner
    if operation.type == "Conv2D":
        height, width, channels, _ = operation.inputs[1].shape
        return 2 * math.prod(operation.outputs[0].shape) * height * width * channels
    if operation.type in ("Conv2DBackpropInput", "Conv2DBackpropFilter"):
        kernel = operation.inputs[1] if operation.type.endswith("Input") else operation.outputs[0]
        height, width, channels, _ = kernel.shape
        return 2 * math.prod(operation.inputs[2].shape) * height * width * channels
    return 0
