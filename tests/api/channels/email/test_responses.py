from __future__ import annotations

from datetime import UTC, datetime

from api.channels.email.responses import fetched, label, tags_among


def test_reads_mails_with_what_stands_before_and_after_them() -> None:
    data = [
        (b'1 (UID 5 INTERNALDATE " 3-Nov-2026 09:00:00 -0300" BODY[]<0> {5}', b"hola\n"),
        b" FLAGS (\\Seen recupera-other))",
        (b"2 (FLAGS () UID 9 BODY[]<0> {3}", b"yo\n"),
        b")",
    ]
    first, second = fetched(data)
    assert (first.uid, first.raw, first.flags) == (5, b"hola\n", {"\\Seen", "recupera-other"})
    assert first.received_at == datetime(2026, 11, 3, 12, tzinfo=UTC)
    assert (second.uid, second.raw, second.flags) == (9, b"yo\n", frozenset())


def test_leaves_out_what_nobody_asked_for() -> None:
    data = [(b"1 (UID 5 BODY[]<0> {5}", b"hola\n"), b")", b"7 (FLAGS (\\Seen))", None]
    assert [(mail.uid, mail.raw) for mail in fetched(data)] == [(5, b"hola\n")]


def test_a_mail_can_hold_what_looks_like_an_answer() -> None:
    (mail,) = fetched([(b"1 (UID 5 BODY[]<0> {9}", b"1 (UID 7)"), b" FLAGS (a))"])
    assert (mail.uid, mail.raw, mail.flags) == (5, b"1 (UID 7)", {"a"})


def test_reads_change_numbers_and_sizes() -> None:
    (mail,) = fetched([b"3 (UID 8 RFC822.SIZE 1024 MODSEQ (98765432109))"])
    assert (mail.size, mail.change) == (1024, 98765432109)


def test_a_date_that_can_not_be_is_none() -> None:
    (mail,) = fetched([b'3 (UID 8 INTERNALDATE "99-Foo-0000 99:99:99 +0000")'])
    assert mail.received_at is None


def test_reads_labels_of_gmail() -> None:
    told = rb'1 (X-GM-LABELS ("\\Inbox" Recupera/severity-high "Recupera/complaint" "a \"b) c") UID 3 FLAGS (x))'
    (mail,) = fetched([told])
    assert mail.labels == {"\\Inbox", "Recupera/severity-high", "Recupera/complaint", 'a "b) c'}
    assert tags_among(mail, "Recupera") == ("recupera-complaint", "recupera-severity-high")
    assert tags_among(mail, None) == ()
    assert label("Recupera", "recupera-severity-high") == "Recupera/severity-high"
