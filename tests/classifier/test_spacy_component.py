import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from classifier import Classification, ComplaintClassifier
from classifier.errors import ArtifactNotFoundError, TextTooLongError

SPANISH = "El pedido llegó roto y nadie me contesta. Quiero que me devuelvan el dinero."
PORTUGUESE = "Comprei há um mês e até agora não recebi nada."


@pytest.fixture
def nlp(tiny_model: Path) -> Language:
    pipeline = spacy.blank("es")
    pipeline.add_pipe("complaint_classifier", config={"model": str(tiny_model)})
    return pipeline


def test_a_text_has_the_classification_of_the_classifier(nlp: Language, tiny: ComplaintClassifier) -> None:
    assert nlp(SPANISH)._.complaint == tiny.predict(SPANISH)[0]


def test_a_stream_is_classified_in_batches(nlp: Language, tiny: ComplaintClassifier) -> None:
    texts = [SPANISH, PORTUGUESE, ""] * 5
    found = [doc._.complaint for doc in nlp.pipe(texts, batch_size=4)]
    assert [c.language for c in found] == [c.language for c in tiny.predict(texts)]


def test_a_stream_is_not_read_ahead(nlp: Language) -> None:
    taken: list[str] = []

    def endless():
        while True:
            taken.append(SPANISH)
            yield SPANISH

    next(iter(nlp.pipe(endless(), batch_size=3)))
    assert len(taken) <= 6


def test_evidence_and_the_pipelines_language_are_options(tiny_model: Path, tiny: ComplaintClassifier) -> None:
    pipeline = spacy.blank("pt")
    config = {"model": str(tiny_model), "evidence": True, "trust_pipeline_language": True}
    pipeline.add_pipe("complaint_classifier", config=config)
    assert pipeline(SPANISH)._.complaint == tiny.predict(SPANISH, languages=["pt"], evidence=True)[0]


def test_a_text_that_was_not_classified_has_none(nlp: Language) -> None:
    assert nlp.make_doc(SPANISH)._.complaint is None


def test_a_document_keeps_its_classification_when_it_is_stored(nlp: Language) -> None:
    doc = nlp(SPANISH)
    stored = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert isinstance(stored._.complaint, Classification)
    assert stored._.complaint == doc._.complaint == pickle.loads(pickle.dumps(doc))._.complaint


def test_a_pipeline_is_saved_and_loaded(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    assert spacy.load(tmp_path / "pipeline")(SPANISH)._.complaint == nlp(SPANISH)._.complaint


def test_a_missing_model_and_a_long_text_are_our_errors(nlp: Language, tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFoundError):
        spacy.blank("es").add_pipe("complaint_classifier", config={"model": str(tmp_path / "no")})
    with pytest.raises(TextTooLongError):
        nlp("a" * 20_001)


def test_other_pipelines_do_not_pay_for_it() -> None:
    code = "import spacy, sys; spacy.blank('es'); sys.exit('openvino' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
