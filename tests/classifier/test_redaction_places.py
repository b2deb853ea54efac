from __future__ import annotations

import pytest

from classifier.redaction import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vivo en calle Mayor 14, 3º B.", "Vivo en <ADDRESS>."),
        ("Carrera 45 # 78-23, apto 501", "<ADDRESS>"),
        ("moro na Rua das Acácias, 312, apto 43", "moro na <ADDRESS>"),
        ("vivo en belgrano 1120 piso 2", "vivo en <ADDRESS>"),
        ("La placa es NKX-48-12 y corría.", "La placa es <PLATE> y corría."),
        ("moto placa xyz45f", "moto placa <PLATE>"),
        ("passaporte FT123456", "passaporte <PASSPORT>"),
        ("Nací el 14 de febrero de 1979.", "Nací el <BIRTHDATE>."),
        ("nasc.: 1987-05-23", "nasc.: <BIRTHDATE>"),
        ("mi usuario es chivas_79", "mi usuario es <HANDLE>"),
        ("perfil instagram.com/ana.ruiz88 hackeado", "perfil <URL> hackeado"),
        ("entraron desde 83.45.112.207", "entraron desde <IP>"),
        ("IP 2804:14c:87:9a1::1f", "IP <IP>"),
        ("chave 86d91567-6af4-4c3f-b150-3d2c8f3b4d9d", "chave <PIX>"),
        ("BI 003974306UE011", "BI <DNI>"),
        ("tel 0034 687 99 01 23", "tel <PHONE>"),
    ],
)
def test_what_stands_behind_a_telling_word_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "El pedido 4471982 salió el 12/03/2026.",
        "protocolo 20260412887123",
        "Cerca de la Av. 9 de Julio no hay señal.",
        "La avenida Paulista estaba cortada 3 horas.",
        "Firmware 2.4.11.8 instalado.",
        "Vean https://tienda.example/productos/lavadora a las 10:30:00",
        "@bancoficticio contesten",
        "El coche costó 12.300 euros en 2019.",
        "Mi cuenta terminada en 4471 sigue igual.",
    ],
)
def test_references_dates_versions_and_prices_stay(text: str) -> None:
    assert redact(text) == text
