"""The classifier in a spaCy pipeline.

>>> nlp = spacy.blank("es")
>>> nlp.add_pipe("complaint_classifier", config={"evidence": True})
>>> nlp("El pedido llegó roto.")._.complaint.severity.label
'moderate'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from classifier.inference import ComplaintClassifier
from classifier.taxonomy import LANGUAGES


class ComplaintComponent:
    """Sets ``doc._.complaint`` to the ``Classification`` of the whole text."""

    def __init__(self, classifier: ComplaintClassifier, *, language: str | None, evidence: bool) -> None:
        self.classifier = classifier
        self.language = language
        self.evidence = evidence

    def __call__(self, doc: Doc) -> Doc:
        """Classify one text."""
        return next(self.pipe([doc]))

    def pipe(self, docs: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Classify a stream of texts, ``batch_size`` at a time."""
        for batch in minibatch(docs, batch_size):
            texts = [doc.text for doc in batch]
            languages = [self.language] * len(texts)
            for doc, result in zip(
                batch, self.classifier.predict(texts, languages=languages, evidence=self.evidence), strict=True
            ):
                doc._.complaint = result
                yield doc


@Language.factory(
    "complaint_classifier",
    assigns=["doc._.complaint"],
    default_config={"model": None, "evidence": False, "trust_pipeline_language": False},
)
def create_complaint_classifier(
    nlp: Language,
    name: str,  # noqa: ARG001 - spaCy passes it
    model: str | None,
    evidence: bool,  # noqa: FBT001 - spaCy passes it by name
    trust_pipeline_language: bool,  # noqa: FBT001
) -> ComplaintComponent:
    """Make the component: ``model`` is a directory, the shipped one by default.

    With ``trust_pipeline_language`` texts are taken to be in the pipeline's language, else it is told from each text.
    """
    if not Doc.has_extension("complaint"):
        Doc.set_extension("complaint", default=None)
    language = nlp.lang if trust_pipeline_language and nlp.lang in LANGUAGES else None
    return ComplaintComponent(ComplaintClassifier.from_pretrained(model), language=language, evidence=evidence)
