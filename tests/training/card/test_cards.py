import copy
import json
from pathlib import Path
from typing import Any

import pytest

from classifier.errors import InputError
from classifier.taxonomy import TASKS
from classifier.types import ModelInfo
from training.card import CARDS, read_peers, renew_cards, write_cards
from training.card.peers import merged
from training.card.wording import count, number, percent, said
from training.robustness.lists import read
from training.robustness.perturbations import PERTURBATIONS
from training.robustness.wording import varieties

MADE, RELEASED = ModelInfo("mine", "1.0", "1"), ModelInfo("mine", "1.1", "1")
BOUNDED = {"value": 0.8, "low": 0.75, "high": 0.85}
BENCHMARK = {
    "title": "dev.jsonl (real), 1,300 messages, with 95 % intervals",
    "rows": [
        {
            "figure": "severity kappa",
            "recupera": BOUNDED,
            "TF-IDF + LR": {"value": 0.7, "low": 0.6, "high": 0.76},
            "ahead of the best peer": {"value": 0.1, "low": 0.02, "high": 0.2},
            "best peer": "TF-IDF + LR",
        }
    ],
    "notes": [],
}
CHANGED = dict.fromkeys((task.id for task in TASKS), 0.0) | {"tone": 0.041, "four": 0.0123, "any": 0.045}
METRICS: dict[str, Any] = {
    "validation": {
        "all": {"messages": 12_200.0, "complaint macro-F1": 0.9123, "complaint ece": 0.02},
        "es": {"messages": 120.0, "complaint macro-F1": 0.9},
    },
    "training": {
        "messages": 19_143,
        "minutes": 41.26,
        "examples_per_second": 33.4,
        "machine": {"device": "cpu", "processor": "Some Chip 9", "threads": 2, "processes": 1},
    },
    "held_out": {
        "all": {"messages": 200.0, "complaint macro-F1": 0.9123, "motive main accuracy": 0.8},
        "es": {"messages": 120.0, "complaint macro-F1": 0.9},
        "intervals": {"all": {"complaint macro-F1": [0.88, 0.94]}},
        "files": ["a.jsonl", "b.jsonl"],
        "compared_with": {"name": "mine", "version": "0.9", "taxonomy": "1"},
        "differences": {"complaint macro-F1": [0.0123, -0.01, 0.03]},
        "leakage": {"seen": 12_345, "left_out": 0, "corpora_not_there": []},
    },
    "peers": [
        {
            "messages": "dev.jsonl",
            "kind": "real",
            "count": 1300,
            "rows": BENCHMARK["rows"],
        }
    ],
    "coverage": {"a.jsonl": {"messages": 200.0, "tasks": {"complaint": 1.0, "severity": 0.37}}},
    "robustness": {
        "messages": 412,
        "file": "a.jsonl",
        "stability": [
            {
                "perturbation": "no accents",
                "language": language,
                "pairs": 280,
                "changed": CHANGED,
                "interval": [0.03, 0.06],
                "limit": 0.05,
            }
            for language in ("all", "es")
        ],
        "probes": [{"probe": "negation", "language": "all", "probes": 30, "accuracy": 0.75}],
        "gaps": [
            {
                "contrast": "female − male first names",
                "language": "es",
                "figure": figure,
                "messages": 40,
                "mean": mean,
                "interval": [mean - 0.01, mean + 0.01],
                "clear": clear,
            }
            for figure, mean, clear in (("complaint", 0.002, False), ("severity", 0.052, True))
        ],
    },
    "faithfulness": {
        "figures": [
            {
                "task": "severity",
                "language": "all",
                "texts": 145,
                **dict.fromkeys(("deletion", "alone", "context"), 0.9),
                **{f"{name}_interval": [0.85, 0.94] for name in ("deletion", "alone", "context")},
            }
        ]
    },
}


def cards(path: Path, metrics: dict[str, Any] = METRICS) -> dict[str, str]:
    write_cards(path, MADE, metrics)
    return read_cards(path)


def read_cards(path: Path) -> dict[str, str]:
    return {language: (path / name).read_text(encoding="utf-8") for language, name in CARDS.items()}


def test_everything_that_was_measured_stands_in_each_language(tmp_path: Path) -> None:
    found = cards(tmp_path)
    expected = {
        "en": (
            "| complaint, macro-F1 | 0.912 (0.880 – 0.940) | 0.900 |",
            "| motive, main label right | 0.800 | – |",
            "| complaint, macro-F1 | 0.900 | 0.912 | +0.012 (-0.010 to +0.030) |",
            "**dev.jsonl: 1300 real messages**",
            "| 0.800 (0.750 – 0.850) | 0.700 (0.600 – 0.760) | **+0.100 (+0.020 to +0.200) TF-IDF + LR** |",
            "| a.jsonl | 200 | 100 % | 37 % |",
            "| no accents | 280 | 4.5 % | 3.0 % – 6.0 % | 1.2 % | 0.0 % | 5 % |",
            "| negation | 30 | 75.0 % |",
            "| women's − men's first names (es) | 40 | +0.002 (-0.008 to +0.012) | **+0.052 (+0.042 to +0.062)** | – |",
            "| severity | 145 | 90.0 % (85.0 % – 94.0 %) |",
            "19,143 messages, 41.3 minutes, 33 examples a second, on cpu: Some Chip 9, 2 threads.",
            "is among 12,345 that were trained on.",
        ),
        "es": (
            "| queja, macro-F1 | 0,912 (0,880 – 0,940) | 0,900 |",
            "**dev.jsonl: 1300 mensajes reales**",
            "| sin tildes | 280 | 4,5 % | 3,0 % – 6,0 % | 1,2 % | 0,0 % | 5 % |",
            "| nombres de mujer − de hombre (es) | 40 | +0,002 (-0,008 a +0,012) | **+0,052 (+0,042 a +0,062)** | – |",
            "41,3 minutos",
        ),
        "pt": (
            "| reclamação, macro-F1 | 0,912 (0,880 – 0,940) | 0,900 |",
            "**dev.jsonl: 1300 mensagens reais**",
            "| sem acentos | 280 | 4,5 % | 3,0 % – 6,0 % | 1,2 % | 0,0 % | 5 % |",
            "| nomes de mulher − de homem (es) | 40 | +0,002 (-0,008 a +0,012) | **+0,052 (+0,042 a +0,062)** | – |",
            "19.143 mensagens, 41,3 minutos",
        ),
    }
    for language, lines in expected.items():
        for line in lines:
            assert line in found[language]
        assert "# mine 1.0\n" in found[language]
        assert found[language].count("\n## ") == 11


def test_what_was_not_measured_is_not_mentioned(tmp_path: Path) -> None:
    for text in cards(tmp_path, {"validation": METRICS["validation"]}).values():
        assert text.count("\n## ") == 4
    for text in cards(tmp_path, {}).values():
        assert text.count("\n## ") == 3


def test_what_could_not_be_looked_at_and_what_was_left_out_is_said(tmp_path: Path) -> None:
    metrics = copy.deepcopy(METRICS)
    metrics["held_out"] |= {"leakage": {"seen": 9, "left_out": 3, "corpora_not_there": ["pool.jsonl"]}}
    metrics["held_out"]["compared_with"] = None
    english = cards(tmp_path, metrics)["en"]
    assert "for want of a copy: pool.jsonl." in english
    assert "\nLeft out because they were trained on, or nearly: 3.\n" in english
    assert "Beside mine" not in english


def test_a_renewed_card_keeps_what_its_owner_wrote(tmp_path: Path) -> None:
    for language, text in cards(tmp_path, {"validation": METRICS["validation"]}).items():
        (tmp_path / CARDS[language]).write_text(text.replace("\n## ", "\nOurs \\1.\n\n## ", 1) + "\nMore of ours.\n")
    renew_cards(tmp_path, MADE, RELEASED, METRICS)
    once = read_cards(tmp_path)
    renew_cards(tmp_path, RELEASED, RELEASED, METRICS)
    assert read_cards(tmp_path) == once
    for text in once.values():
        assert "# mine 1.1\n" in text
        assert "\nOurs \\1.\n" in text
        assert text.endswith("\nMore of ours.\n")
        assert text.count("macro-F1 |") == 3


def test_a_card_of_before_gets_the_block_and_its_translations(tmp_path: Path) -> None:
    old = (
        "# mine 1.0\n\nText.\n\n## Figures on held-out messages\n\n| figure |\n\nOld note.\n\n"
        "<!-- held-out figures, written at release -->\n## Figures at release\n\nold\n"
        "<!-- end of held-out figures -->\n\n"
        "## Training data and method\n\nOurs.\n"
    )
    (tmp_path / "README.md").write_text(old, encoding="utf-8")
    renew_cards(tmp_path, MADE, RELEASED, METRICS)
    found = read_cards(tmp_path)
    assert found["en"].startswith(
        "# mine 1.1\n\nText.\n\n<!-- figures, written by recupera -->\n## Figures on held-out"
    )
    assert found["en"].endswith("<!-- end of figures -->\n\n## Training data and method\n\nOurs.\n")
    assert "Old note" not in found["en"]
    assert "old\n" not in found["en"]
    assert "# mine 1.1\n" in found["es"]


def test_a_card_of_another_make_gets_the_block_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Other\n\nText.\n", encoding="utf-8")
    renew_cards(tmp_path, MADE, RELEASED, METRICS)
    assert read_cards(tmp_path)["en"].startswith("# Other\n\nText.\n\n<!-- figures")


def test_peers_are_read_from_the_benchmarks_report(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"sections": {"quality": {"tables": [BENCHMARK]}}}), encoding="utf-8")
    assert read_peers(path) == METRICS["peers"]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"sections": {}}',
        '{"sections": {"quality": {"tables": []}}}',
        '{"sections": {"quality": 1}}',
        '{"sections": {"quality": {"tables": [{"title": "x", "rows": []}]}}}',
    ],
)
def test_what_is_no_report_of_peers_is_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"report\.json"):
        read_peers(path)
    with pytest.raises(InputError, match=r"absent\.json"):
        read_peers(tmp_path / "absent.json")


def test_two_runs_over_the_same_messages_are_one_table_with_the_nearest_peer() -> None:
    (row,) = METRICS["peers"][0]["rows"]
    lead = {"value": 0.05, "low": -0.01, "high": 0.1}
    other = {"figure": "severity kappa", "recupera": BOUNDED, "SetFit": BOUNDED}
    closer = {"rows": [other | {"ahead of the best peer": lead, "best peer": "SetFit"}]}
    (found,) = merged(METRICS["peers"][0], closer)["rows"]
    assert {"recupera", "TF-IDF + LR", "SetFit"} < found.keys()
    assert (found["best peer"], found["ahead of the best peer"]) == ("SetFit", lead)
    (kept,) = merged(closer, METRICS["peers"][0])["rows"]
    assert kept["best peer"] == "SetFit"
    assert row["best peer"] == "TF-IDF + LR"


def test_every_change_and_gap_of_the_suite_has_its_name_in_each_language() -> None:
    names = [p.name for p in PERTURBATIONS]
    names += [item["name"] for item in read("names")["regions"]] + ["female − male first names"]
    names += [f"{second} − {first} wording" for first, second in map(varieties, ("es", "pt"))]
    for name in names:
        assert len({said(name, "en"), said(name, "es"), said(name, "pt")}) > 1, name


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "-0.5 21,203 4.5 %"), ("es", "-0,5 21\u202f203 4,5 %"), ("pt", "-0,5 21.203 4,5 %")],
)
def test_numbers_are_written_as_the_language_does(language: str, expected: str) -> None:
    written = f"{number(-0.5, language, digits=1)} {count(21203.0, language)} {percent(0.045, language)}"
    assert written == expected
