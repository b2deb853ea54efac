"""The shipped model on messages that were written for it and kept out of its training."""

import time
from pathlib import Path

import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.artifact import Artifact, find_model
from tests.conftest import CORPORA
from training.corpus import read_messages
from training.pipeline import measure

pytestmark = pytest.mark.acceptance

LIMIT_MB = 60


def test_it_is_complete_verified_and_small() -> None:
    path = find_model()
    artifact = Artifact.load(path)
    assert artifact.info.name == "recupera-es-pt"
    assert sum(file.stat().st_size for file in path.rglob("*")) < LIMIT_MB * 1e6
    assert artifact.metrics()["validation"]["all"]["messages"] > 500


def test_it_holds_on_written_messages_of_styles_that_real_data_lacks(shipped: ComplaintClassifier) -> None:
    scores = measure(shipped, read_messages(CORPORA / "validation.jsonl"))["all"]
    floors = {
        "complaint macro-F1": 0.80,
        "motive macro-F1": 0.60,
        "severity kappa": 0.50,
        "justice macro-F1": 0.70,
    }
    assert {name: scores[name] for name, floor in floors.items() if scores[name] < floor} == {}


def test_single_and_batched_probabilities_agree(shipped: ComplaintClassifier) -> None:
    texts = [e.text for e in read_messages(CORPORA / "es-la.jsonl")[:64]]
    together = shipped.logits(texts)
    alone = np.concatenate([shipped.logits([text]) for text in texts])
    np.testing.assert_allclose(1 / (1 + np.exp(-together)), 1 / (1 + np.exp(-alone)), atol=1e-3)


def test_a_text_at_the_limit_is_classified_in_bounded_time(shipped: ComplaintClassifier) -> None:
    start = time.process_time()
    (result,) = shipped.predict("El servicio no funciona. " * 800, evidence=True)
    assert result.complaint.label is True
    assert time.process_time() - start < 60  # of all threads together


@pytest.mark.parametrize(
    ("text", "language", "complaint", "severity"),
    [
        ("¿A qué hora abre la tienda los sábados? Gracias.", "es", False, None),
        ("Adorei o produto, chegou antes do prazo. Recomendo!", "pt", False, None),
        ("La habitación era un poco ruidosa, por lo demás todo bien atendido.", "es", None, ("low", "moderate")),
        (
            "O entregador ameaçou me bater na frente da minha filha de 4 anos. Já registrei boletim de ocorrência.",
            "pt",
            True,
            ("high", "critical"),
        ),
        (
            (
                "Es la tercera vez que viene el técnico y el internet sigue sin funcionar desde hace un mes. "
                "Si no lo arreglan me doy de baja y voy a la OMIC."
            ),
            "es",
            True,
            ("high", "critical"),
        ),
    ],
)
def test_plain_cases_come_out_as_people_would_label_them(
    shipped: ComplaintClassifier, text: str, language: str, complaint: bool | None, severity: tuple[str, ...] | None
) -> None:
    (result,) = shipped.predict(text)
    assert result.language == language
    if complaint is not None:
        assert result.complaint.label is complaint
    if severity is not None and result.severity is not None:
        assert result.severity.label in severity


def test_the_model_directory_travels_alone(tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(find_model(), tmp_path / "elsewhere")
    assert ComplaintClassifier.from_pretrained(copy).predict("No funciona.")[0].complaint.label is not None
