#!/usr/bin/env python3
"""What Hugging Face transformers makes of small models, for comparison.

    pip install torch transformers
    truth.py FOLDER [--tokens N] [--wide]

Writes FOLDER/CASE.json for each case: the model's config.json, how many tokens the text has, and the
log-probability of each token but the first given those before it, computed in float64 and in float32.
--wide makes the models wide enough that rounding adds up as it does in real ones.

Weights and tokens are no data but a formula, which tests/made/mod.rs has, too: number i of something
with a name is a hash of both, seven bits wide, so that float32, bfloat16 and float16 hold it exactly.
"""

import argparse
import json
import pathlib

import numpy
import torch
import transformers

BASE = {
    "hidden_size": 64,
    "intermediate_size": 176,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "hidden_act": "silu",
}
WIDE = {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8, "num_attention_heads": 8}

CASES = {
    # Llama 3.1: grouped heads, an LM head of its own, stretched long waves.
    "llama": {
        "model_type": "llama",
        "num_key_value_heads": 2,
        "vocab_size": 515,
        "tie_word_embeddings": False,
        "rope_theta": 500000.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 128,
        },
    },
    # Every bias there can be, a key head for each query head, and a vocabulary of more than one block.
    "llama-biased": {
        "model_type": "llama",
        "num_key_value_heads": 4,
        "vocab_size": 1100,
        "tie_word_embeddings": True,
        "attention_bias": True,
        "mlp_bias": True,
        "rope_theta": 10000.0,
        "rope_scaling": {"type": "linear", "factor": 2.0},
    },
    # Qwen2.5: biases before attention only, one key head, YaRN.
    "qwen2": {
        "model_type": "qwen2",
        "num_key_value_heads": 1,
        "vocab_size": 515,
        "tie_word_embeddings": False,
        "use_sliding_window": False,
        "sliding_window": 4096,
        "rope_theta": 1000000.0,
        "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
    },
    # Qwen3: normed queries and keys, heads wider than their share, written by transformers 5.
    "qwen3": {
        "model_type": "qwen3",
        "num_key_value_heads": 2,
        "head_dim": 32,
        "vocab_size": 515,
        "tie_word_embeddings": True,
        "layer_types": ["full_attention"] * 3,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    },
}


def hashes(name, count):
    """splitmix64 of FNV-1a(name) + i."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with numpy.errstate(over="ignore"):
        x = (numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(seed)) * numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return x ^ (x >> numpy.uint64(31))


def numbers(name, shape):
    unit = (hashes(name, int(numpy.prod(shape))) >> numpy.uint64(57)).astype(numpy.float64) / 64 - 1
    if "norm" in name:
        scaled = 1 + unit / 2
    elif name.endswith("bias"):
        scaled = unit / 4
    else:
        scaled = unit / 2 ** ((shape[1].bit_length() - 1) // 2 - 1)
    return torch.from_numpy(scaled.reshape(shape))


def log_probs(model, ids):
    with torch.no_grad():
        logits = model(ids[None]).logits[0, :-1].double()
    return logits.log_softmax(-1).gather(-1, ids[1:, None])[:, 0].tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--wide", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for case, special in CASES.items():
        config = {**BASE, **special, **(WIDE if args.wide else {})}
        if "layer_types" in config:
            config["layer_types"] = ["full_attention"] * config["num_hidden_layers"]
        made = transformers.AutoConfig.for_model(**json.loads(json.dumps(config)))
        model = transformers.AutoModelForCausalLM.from_config(made, attn_implementation="eager").eval()
        ids = torch.from_numpy((hashes("tokens", args.tokens) % config["vocab_size"]).astype(numpy.int64))
        truth = {"config": config, "tokens": args.tokens}
        for kind in ["float64", "float32"]:
            model = model.to(getattr(torch, kind))
            with torch.no_grad():
                for name, parameter in model.named_parameters():
                    parameter.copy_(numbers(name, tuple(parameter.shape)))
            truth[kind] = [round(number, 9) for number in log_probs(model, ids)]
        (args.folder / f"{case}.json").write_text(json.dumps(truth, indent=1) + "\n")
        apart = max(abs(a - b) for a, b in zip(truth["float64"], truth["float32"]))
        mean = sum(truth["float64"]) / len(truth["float64"])
        print(f"{case}: {mean:.3f} a token, float32 within {apart:.1e} of float64")


if __name__ == "__main__":
    main()
