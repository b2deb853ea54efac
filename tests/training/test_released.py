import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.artifact import FILES, write_checksums
from classifier.errors import InputError
from classifier.inference import find_model
from training.released import is_model, released_network
from training.trainer import predict

TEXTS = ["Me cobraron dos veces y nadie responde.", "Muito obrigada pelo atendimento, chegou tudo certo."]


def test_a_released_model_is_taken_up_as_it_answers() -> None:
    path = find_model(None)
    model, tokenizer = released_network(path)
    classifier = ComplaintClassifier.from_pretrained(path, precision="f32")
    rows = classifier.encoder.encode(TEXTS)
    again = predict(model, rows, pad_id=classifier.encoder.pad_id, max_tokens=classifier.encoder.max_tokens)
    wide = classifier.ngrams.logits(TEXTS) if classifier.ngrams else 0
    assert np.allclose(again + wide, classifier.logits(TEXTS), atol=1e-3)
    assert tokenizer.get_vocab_size() == classifier.encoder.tokenizer.get_vocab_size()


def test_another_folder_is_no_model(tmp_path: Path) -> None:
    assert is_model(find_model(None))
    assert not is_model(tmp_path)


def test_weights_that_make_no_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    shutil.copytree(find_model(None), path)
    graph = path / FILES.graph
    # two matrices of one size change places: every shape still fits
    text = graph.read_text(encoding="utf-8")
    matrices = r'(name="Constant_\d+" type="Const").*\n.*element_type="i8" shape="384, 384"'
    first, second, *_ = re.findall(matrices, text)
    graph.write_text(text.replace(first, "@").replace(second, first).replace("@", second), encoding="utf-8")
    write_checksums(path)
    with pytest.raises(InputError, match="answers otherwise"):
        released_network(path)
