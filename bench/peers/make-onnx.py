"""Writes an ONNX model for transformers.js that computes what a jina-bert-v2 GGUF file of make-model.mjs computes, with the
same weights, the same tokenizer and the pooler that the GGUF file lacks:

  python3 -m pip install onnx onnxruntime gguf
  python3 bench/peers/make-onnx.py MODEL-F16.gguf FOLDER

FOLDER gets tokenizer and configuration, onnx/model.onnx of standard operators as exporters write it, onnx/fused.onnx with
onnxruntime's own attention operator, and the dynamic 8-bit quantization of each.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import onnx
from gguf import GGUFReader
from gguf.quants import dequantize
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic


class Graph:
    def __init__(self):
        self.nodes, self.weights, self.count = [], [], 0

    def weight(self, array, dtype=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(array, dtype, order="C"), name))
        return name

    def ints(self, *values):
        return self.weight(values, np.int64)

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = [f"t{self.count + i}" for i in range(outputs)]
        self.count += outputs
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names


def slopes(heads):
    whole = 2 ** math.floor(math.log2(heads))
    own = [2 ** (-8 * (i + 1) / whole) for i in range(whole)]
    between = [2 ** (-4 * (2 * i + 1) / whole) for i in range(heads - whole)]
    return np.array(own + between, np.float32).reshape(1, heads, 1, 1)


def build(tensors, shape, fused):
    g = Graph()
    layers, width, heads, ffn, epsilon = shape
    size = width // heads

    def dense(x, name):
        y = g.op("MatMul", x, g.weight(tensors[f"{name}.weight"].T))
        return g.op("Add", y, g.weight(tensors[f"{name}.bias"]))

    def norm(x, name):
        return g.op("LayerNormalization", x, g.weight(tensors[f"{name}.weight"]), g.weight(tensors[f"{name}.bias"]), epsilon=epsilon)

    def split_heads(x, order):
        return g.op("Transpose", g.op("Reshape", x, g.ints(0, 0, heads, size)), perm=order)

    length = g.op("Squeeze", g.op("Shape", "input_ids", start=1, end=2))
    places = g.op("Cast", g.op("Range", g.weight(0, np.int64), length, g.weight(1, np.int64)), to=TensorProto.FLOAT)
    distance = g.op("Abs", g.op("Sub", g.op("Unsqueeze", places, g.ints(0)), g.op("Unsqueeze", places, g.ints(1))))
    bias = g.op("Mul", g.op("Unsqueeze", distance, g.ints(0, 1)), g.weight(-slopes(heads)))
    keep = g.op("Cast", g.op("Unsqueeze", "attention_mask", g.ints(1, 2)), to=TensorProto.FLOAT)
    mask = g.op("Mul", g.op("Sub", g.weight(1.0), keep), g.weight(-10000.0))
    mask32 = g.op("Cast", "attention_mask", to=TensorProto.INT32)

    x = g.op("Gather", g.weight(tensors["token_embd.weight"]), "input_ids")
    x = norm(g.op("Add", x, g.weight(tensors["token_types.weight"][0])), "token_embd_norm")
    for i in range(layers):
        block = f"blk.{i}"
        q, k, v = (dense(x, f"{block}.attn_{part}") for part in "qkv")
        if fused:
            context = g.op("MultiHeadAttention", q, k, v, "", mask32, bias, num_heads=heads, domain="com.microsoft")
        else:
            product = g.op("MatMul", split_heads(q, [0, 2, 1, 3]), split_heads(k, [0, 2, 3, 1]))
            scores = g.op("Add", g.op("Add", g.op("Div", product, g.weight(math.sqrt(size))), mask), bias)
            context = g.op("MatMul", g.op("Softmax", scores, axis=-1), split_heads(v, [0, 2, 1, 3]))
            context = g.op("Reshape", g.op("Transpose", context, perm=[0, 2, 1, 3]), g.ints(0, 0, width))
        x = norm(g.op("Add", dense(context, f"{block}.attn_output"), x), f"{block}.attn_output_norm")
        both = np.concatenate([tensors[f"{block}.ffn_gate.weight"], tensors[f"{block}.ffn_up.weight"]])
        gate, up = g.op("Split", g.op("MatMul", x, g.weight(both.T)), g.ints(ffn, ffn), outputs=2, axis=-1)
        x = norm(g.op("Add", dense(g.op("Mul", g.op("Gelu", gate), up), f"{block}.ffn_down"), x), f"{block}.layer_output_norm")

    first = g.op("Gather", x, g.weight(0, np.int64), axis=1)
    pooler = np.random.default_rng(1).normal(0, width**-0.5, (width, width))
    pooled = g.op("Tanh", g.op("Gemm", first, g.weight(pooler), g.weight(np.zeros(width))))
    head = [g.weight(tensors["cls.weight"].reshape(width, 1)), g.weight(tensors["cls.bias"])]
    g.nodes.append(helper.make_node("Gemm", [pooled, *head], ["logits"]))

    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in ("input_ids", "attention_mask")]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])
    graph = helper.make_graph(g.nodes, "jina-bert-v2", inputs, [logits], g.weights)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def tokenizer(field, context):
    tokens, types = field("tokenizer.ggml.tokens"), field("tokenizer.ggml.token_type")
    merges = [pair.split(" ") for pair in field("tokenizer.ggml.merges")]
    start, end, pad = (field(f"tokenizer.ggml.{name}_token_id") for name in ("bos", "eos", "padding"))
    special = [
        {"id": i, "content": tokens[i], "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        for i in sorted({start, end, pad} | {i for i, kind in enumerate(types) if kind == 3})
    ]
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {
            "type": "RobertaProcessing",
            "cls": [tokens[start], start],
            "sep": [tokens[end], end],
            "trim_offsets": True,
            "add_prefix_space": False,
        },
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(tokens)}, "merges": merges},
    }
    names = {"bos_token": tokens[start], "cls_token": tokens[start], "eos_token": tokens[end], "sep_token": tokens[end]}
    config = {"tokenizer_class": "RobertaTokenizer", "model_max_length": context, "pad_token": tokens[pad], **names}
    return whole, config


def main(source, folder):
    reader = GGUFReader(source)
    field = lambda name: reader.fields[name].contents()
    own = lambda name: field(f"jina-bert-v2.{name}")
    layers, width, heads = own("block_count"), own("embedding_length"), own("attention.head_count")
    shape = (layers, width, heads, own("feed_forward_length"), own("attention.layer_norm_epsilon"))
    tensors = {t.name: dequantize(t.data, t.tensor_type).reshape([int(n) for n in t.shape[::-1]]) for t in reader.tensors}
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    for name, fused in (("model", False), ("fused", True)):
        path = folder / "onnx" / f"{name}.onnx"
        onnx.save(build(tensors, shape, fused), path)
        unknown = {"DefaultTensorType": TensorProto.FLOAT}
        quantize_dynamic(path, folder / "onnx" / f"{name}_quantized.onnx", weight_type=QuantType.QInt8, extra_options=unknown)
    config = {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "num_labels": 1, "vocab_size": len(tensors["token_embd.weight"])}
    files = ("tokenizer.json", "tokenizer_config.json", "config.json")
    for name, value in zip(files, (*tokenizer(field, own("context_length")), config)):
        (folder / name).write_text(json.dumps(value))


main(sys.argv[1], Path(sys.argv[2]))
