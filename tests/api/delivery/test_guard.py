"""Addresses that try to reach what only this machine can."""

import asyncio
import contextlib
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.guard import AllowList, Guard, RefusedError, UnresolvedError, parse_target, resolve
from api.delivery.transport import HTTP_SCHEMES, GuardedTransport
from classifier.errors import InputError
from tests.api.delivery.receiver import Receiver, answer

pytestmark = pytest.mark.anyio

REFUSED_AS_WRITTEN = [
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "javascript:alert(1)",
    "//example.com/",
    "example.com",
    "",
    "http://",
    "http:///path",
    "http://./",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1.0x1/",
    "http://0/",
    "http://example.0x/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://user@example.com/",
    "http://user:secreto@example.com/",
    "http://example.com@127.0.0.1/",
    "http://@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http://exam ple.com/",
    "http://example.com/a b",
    "http://example.com/\r\nHost: localhost",
    "http://example.com/\t",
    "http://example.com/#@127.0.0.1/",
    "http://example.com:0/",
    "http://example.com:70000/",
    "http://example.com:80a/",
    "http://example.com:/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%00.example.com/",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1].example.com/",
    "http://a..b/",
    "http://-a.example/",
    f"http://{'a' * 64}.example/",
    f"http://{'a.' * 140}example/",
    "http://１２７.1/",
    "http://２１３０７０６４３３/",
    "http://xn--/",
    "http://\ud800/",
]
REFUSED_BY_ADDRESS = [
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "https://127.8.8.8:8443/x",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://100.64.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:169.254.169.254]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[ff02::1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://①②⑦.⓪.⓪.①/",  # circled digits, 127.0.0.1 to a browser
    "http://１２７。０。０。１/",
    "http://ⓛocalhost/",
    "http://local\u00adhost/",  # a soft hyphen
]


def guard(*allow: str, **names: list[str]) -> Guard:
    """Return a guard whose resolver knows ``names`` (with ``_`` for dots), each answer once, the last for ever."""
    known = {name.replace("_", "."): list(answers) for name, answers in names.items()}

    async def resolver(host: str, port: int) -> list[str]:
        if host not in known:
            return await resolve(host, port)
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return found.split()

    return Guard(AllowList.parse(allow), resolver)


@pytest.mark.parametrize("url", REFUSED_AS_WRITTEN)
def test_what_two_programs_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_target(url, HTTP_SCHEMES)
    assert "secreto" not in str(caught.value)


@pytest.mark.parametrize("url", REFUSED_BY_ADDRESS)
async def test_what_is_not_public_is_refused(url: str) -> None:
    target = parse_target(url, HTTP_SCHEMES)
    with pytest.raises(RefusedError, match="not public"):
        await guard().addresses(target)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://crm.example.com/hook?a=1&b=2", ("https://crm.example.com/hook?a=1&b=2", "crm.example.com", 443)),
        ("HTTPS://CRM.Example.COM.:8443", ("https://crm.example.com:8443", "crm.example.com", 8443)),
        ("http://my_service:9000/x", ("http://my_service:9000/x", "my_service", 9000)),
        ("http://[2606:4700:0::1111]/", ("http://[2606:4700::1111]/", "2606:4700::1111", 80)),
        ("https://señal.example/", ("https://xn--seal-hqa.example/", "xn--seal-hqa.example", 443)),
        ("http://1.1.1.1", ("http://1.1.1.1", "1.1.1.1", 80)),
    ],
)
def test_what_is_clear_is_read(url: str, read: tuple[str, str, int]) -> None:
    target = parse_target(url, HTTP_SCHEMES)
    assert (target.url, target.host, target.port) == read
    assert parse_target(target.url, HTTP_SCHEMES) == target


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_the_same_by_the_client(rest: str) -> None:
    with contextlib.suppress(RefusedError):
        target = parse_target(f"http://{rest}", HTTP_SCHEMES)
        url = httpx.URL(target.url)
        assert url.raw_host.decode() == target.host
        assert (url.port or 80) == target.port
        assert not url.userinfo


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        ("93.184.216.34", True),
        ("93.184.216.34 2606:4700::1111", True),
        ("127.0.0.1", False),
        ("93.184.216.34 127.0.0.1", False),  # every address of an answer counts
        ("::ffff:10.0.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("what?", False),
    ],
)
async def test_every_address_that_a_name_has_is_checked(answer: str, *, ok: bool) -> None:
    target = parse_target("https://crm.example/", HTTP_SCHEMES)
    checking = guard(crm_example=[answer]).addresses(target)
    if ok:
        assert await checking == answer.split()
        return
    with pytest.raises(RefusedError):
        await checking


async def test_a_name_without_an_address_is_told_apart() -> None:
    target = parse_target("https://crm.example/", HTTP_SCHEMES)
    with pytest.raises(UnresolvedError):
        await guard(crm_example=[""]).addresses(target)

    async def fails(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(UnresolvedError):
        await Guard(AllowList(), fails).addresses(target)


@pytest.mark.parametrize(
    ("allow", "url", "ok"),
    [
        ("127.0.0.1", "http://127.0.0.1:9/", True),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", True),
        ("127.0.0.1", "http://127.0.0.2/", False),
        ("127.0.0.1", "http://[::1]/", False),
        ("::1", "http://[::1]/", True),
        ("10.0.0.0/8", "http://10.200.1.1/", True),
        ("10.0.0.5/8", "http://10.200.1.1/", True),
        ("10.0.0.0/8", "http://192.168.0.1/", False),
        ("10.0.0.0/8", "http://crm.internal/", True),
        ("169.254.169.254", "http://169.254.169.254/", True),
        ("crm.internal", "http://crm.internal/", True),
        ("CRM.internal.", "http://crm.internal/", True),
        ("*.internal", "http://crm.internal/", True),
        ("*.internal", "http://internal/", False),
        ("other.internal", "http://crm.internal/", False),
        ("metadata.internal", "http://metadata.internal/", False),  # not by its name
        ("*.internal 169.254.0.0/16", "http://metadata.internal/", True),
        ("localhost", "http://localhost/", True),
    ],
)
async def test_an_operator_may_allow_hosts_and_networks(allow: str, url: str, *, ok: bool) -> None:
    known = guard(
        *allow.split(), crm_internal=["10.1.1.1"], metadata_internal=["169.254.169.254"], internal=["10.1.1.2"]
    )
    checking = known.addresses(parse_target(url, HTTP_SCHEMES))
    if ok:
        assert await checking
        return
    with pytest.raises(RefusedError, match="RECUPERA_DELIVERY_ALLOW"):
        await checking


@pytest.mark.parametrize(
    "entry", ["", "127.0.0.1:80", "http://a", "10.0.0.0/99", "a b", "*", "a.*", "2130706433", "0x7f.1"]
)
def test_an_entry_that_allows_nothing_is_an_error(entry: str) -> None:
    with pytest.raises(InputError, match="no host or network"):
        AllowList.parse([entry])


async def test_a_name_that_changes_its_address_is_not_asked_again(receiver: Receiver) -> None:
    """DNS rebinding: the first answer is checked and connected to; a second look would get another one."""
    port, receiver.secrets = receiver.port, []
    allowed_once = guard("127.0.0.1", rebind_example=["127.0.0.1", "169.254.169.254"])
    async with httpx.AsyncClient(transport=GuardedTransport(allowed_once)) as client:
        said = await client.post(f"http://rebind.example:{port}/", content=b"")
        assert said.request.headers["host"] == f"rebind.example:{port}"
        assert receiver.asked[0].headers["host"] == f"rebind.example:{port}"
        with pytest.raises(RefusedError):
            await client.post(f"http://rebind.example:{port}/")
    assert len(receiver.asked) == 1


async def test_the_next_address_is_tried_if_one_does_not_answer(receiver: Receiver) -> None:
    receiver.secrets = []
    known = guard("127.0.0.0/8", two_example=["127.0.0.2 127.0.0.1"])
    async with httpx.AsyncClient(transport=GuardedTransport(known)) as client:
        await client.post(f"http://two.example:{receiver.port}/", content=b"")
        assert len(receiver.asked) == 1
        receiver_gone = guard("127.0.0.1", none_example=["127.0.0.1"])
    async with httpx.AsyncClient(transport=GuardedTransport(receiver_gone)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.post("http://none.example:1/")


async def test_a_redirect_leads_nowhere_else(receiver: Receiver) -> None:
    receiver.secrets = []
    receiver.answers = lambda _: answer(302, Location="http://169.254.169.254/latest/")
    client = httpx.AsyncClient(transport=GuardedTransport(guard("127.0.0.1")), follow_redirects=True)
    async with client:
        with pytest.raises(RefusedError):
            await client.post(receiver.url, content=b"")
    assert len(receiver.asked) == 1


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "server.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
    ]
    command += [
        "2",
        "-subj",
        "/CN=tls.example",
        "-addext",
        "subjectAltName=DNS:tls.example",
        "-keyout",
        "-",
        "-out",
        "-",
    ]
    path.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return path


async def test_tls_is_checked_against_the_name_not_the_address(certificate: Path) -> None:
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 Done\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    trusted = ssl.create_default_context(cafile=str(certificate))
    known = guard("127.0.0.1", tls_example=["127.0.0.1"], other_example=["127.0.0.1"])
    transport = GuardedTransport(known, trusted)
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get(f"https://tls.example:{port}/")).status_code == 204
        assert asked == ["tls.example"]
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(f"https://other.example:{port}/")
    server.close()
