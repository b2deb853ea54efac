"""Databases of released versions, with running cases, must open in this one: ``tests/golden/databases``.

With each release, made by the code of that release::

    python -m tests.upgrades --database sqlite tests/golden/databases/0.1.0-sqlite.zip
    python -m tests.upgrades --database postgresql tests/golden/databases/0.1.0-postgresql.zip
"""
