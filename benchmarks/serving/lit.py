"""LitServe around ``transformers``, batching turned on: ``python lit.py FOLDER PORT``; needs nothing of ours."""

import sys

import litserve
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer


class Network(litserve.LitAPI):
    """The network."""

    def setup(self, device: str) -> None:
        """Load it."""
        self.tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
        self.model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1]).to(device).eval()

    def decode_request(self, request) -> str:  # a type would be checked against the body
        """Take the text."""
        return str(request["text"])

    def predict(self, texts: list[str]) -> list[list[float]]:
        """Return the probabilities of texts that came together."""
        inputs = self.tokenizer(texts, truncation=True, padding=True, return_tensors="pt")
        with torch.inference_mode():
            logits = self.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        found: list[list[float]] = logits.sigmoid().tolist()
        return found

    def encode_response(self, output: list[float]) -> dict[str, list[float]]:
        """Return the probabilities of one text."""
        return {"probabilities": output}


if __name__ == "__main__":
    api = Network(max_batch_size=32, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", generate_client_file=False)
