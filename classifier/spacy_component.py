"""The classifier in a spaCy pipeline.

>>> nlp = spacy.blank("es")
>>> nlp.add_pipe("complaint_classifier", config={"evidence": True})
>>> nlp("El pedido llegó roto.")._.complaint.severity.label
'moderate'

spaCy imports this module wherever it is installed together with Recupera, so the model's engine is imported only by
a pipeline that has the component.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from spacy.language import Language
from spacy.tokens import Doc

from classifier.taxonomy import LANGUAGES
from classifier.types import Classification

if TYPE_CHECKING:
    from classifier.inference import ComplaintClassifier

__all__ = ["ComplaintComponent", "create_complaint_classifier"]

_KEY: Final = "recupera_complaint"


class ComplaintComponent:
    """Sets ``doc._.complaint`` to the ``Classification`` of the whole text."""

    def __init__(self, classifier: ComplaintClassifier, *, language: str | None, evidence: bool) -> None:
        self.classifier = classifier
        self.language = language
        self.evidence = evidence

    def __call__(self, doc: Doc) -> Doc:
        """Classify one text."""
        self._classify([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Classify a stream of texts, ``batch_size`` at a time."""
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            self._classify(batch)
            yield from batch

    def _classify(self, docs: list[Doc]) -> None:
        """Keep each result as plain data, so that a ``Doc`` can be stored and sent between processes."""
        languages = [self.language] * len(docs)
        results = self.classifier.predict([doc.text for doc in docs], languages=languages, evidence=self.evidence)
        for doc, result in zip(docs, results, strict=True):
            doc.user_data[_KEY] = result.to_dict()


def _complaint(doc: Doc) -> Classification | None:
    """Return what the component found; ``None`` for a text that it has not seen."""
    stored: dict[str, Any] | None = doc.user_data.get(_KEY)
    return None if stored is None else Classification.from_dict(stored)


@Language.factory(
    "complaint_classifier",
    assigns=["doc._.complaint"],
    default_config={"model": None, "evidence": False, "trust_pipeline_language": False},
)
def create_complaint_classifier(
    nlp: Language,
    name: str,  # noqa: ARG001, RUF100 - spaCy passes it
    model: str | None,
    evidence: bool,  # noqa: FBT001 - spaCy passes it by name
    trust_pipeline_language: bool,  # noqa: FBT001
) -> ComplaintComponent:
    """Make the component: ``model`` is a directory, the shipped one by default.

    With ``trust_pipeline_language`` texts are taken to be in the pipeline's language, else it is told from each text.
    """
    from classifier.inference import ComplaintClassifier

    if not Doc.has_extension("complaint"):
        Doc.set_extension("complaint", getter=_complaint)
    language = nlp.lang if trust_pipeline_language and nlp.lang in LANGUAGES else None
    return ComplaintComponent(ComplaintClassifier.from_pretrained(model), language=language, evidence=evidence)
