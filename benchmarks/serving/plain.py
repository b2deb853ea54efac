"""FastAPI around ``transformers``, as its guides show it: ``python plain.py FOLDER PORT``; needs nothing of ours."""

import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1]).eval()
app = FastAPI()


class Body(BaseModel):
    """One text."""

    text: str


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the model is loaded."""
    return {"status": "ok"}


@app.post("/predict")
def predict(body: Body) -> dict[str, list[float]]:
    """Return the probabilities of a text."""
    inputs = tokenizer(body.text, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    return {"probabilities": logits.sigmoid()[0].tolist()}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
