"""Fetching: no forbidden address is ever reached, nothing is without end, and sites are treated with manners."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpcore
import pytest
from fakes.sites import Answer, Site

from kibaru.errors import BadInput, KibaruError
from kibaru.settings import Settings
from kibaru.sources.http.addresses import is_public, is_same_site, parse_url
from kibaru.sources.http.client import HttpClient, Stopped, Unreachable
from kibaru.sources.http.public_network import loopback_allowed

PUBLIC = "93.184.216.34"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as served:
        served.put("/", "<p>Bonjour</p>")
        yield served


class Connections:
    """The addresses that were connected to; those beyond this machine are recorded and not let out."""

    def __init__(self) -> None:
        self.addresses: list[str] = []


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    made = Connections()
    connect = httpcore.SyncBackend.connect_tcp

    def recorded(self: Any, host: str, *rest: Any, **others: Any) -> Any:
        made.addresses.append(host)
        if not host.startswith("127."):
            raise httpcore.ConnectError("no network in tests")
        return connect(self, host, *rest, **others)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", recorded)
    return made


def client(*, loopback: bool = True, **others: Any) -> HttpClient:
    given = {"contact": "desk@fleuve.example", "host_delay": 0.0, "host_concurrency": 2}
    settings = Settings(**given | others.pop("settings", {}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIBARU_TEST_ALLOW_LOOPBACK", "1" if loopback else "")
        return HttpClient(settings, **{"pause": lambda _: None, "seconds": 2.0} | others)


FORBIDDEN = """
127.0.0.1 127.8.9.1 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.254 192.168.1.1 169.254.169.254 169.254.1.1 100.64.0.1
100.100.100.200 168.63.129.16 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1
255.255.255.255 192.88.99.1 ::1 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1
64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1:: 2001:0:4136:e378:8000:63bf:3fff:fdd2
fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 3fff::1 100::1 2001:10::1 ::ffff:0:127.0.0.1
""".split()  # noqa: SIM905


@pytest.mark.parametrize("address", FORBIDDEN)
def test_addresses_beyond_the_public_internet_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", PUBLIC, "2606:4700::1", "2a00:1450:4007::1", "64:ff9b::808:808"])
def test_public_addresses_are_reached(address: str) -> None:
    assert is_public(address)


SPELLINGS = r"""
127.0.0.1 localhost LOCALHOST localhost. 0177.0.0.1 0177.0.0.01 0x7f.0.0.1 0x7f000001 2130706433 017700000001 127.1
127.0.1 127.0.0.1. 0 0.0.0.0 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1]
①②⑦.⓪.⓪.① 127。0。0。1 １２７.0.0.1 [64:ff9b::7f00:1] [::1%25lo] user@127.0.0.1 news.example@127.0.0.1 127.0.0.1%00
news.example\@127.0.0.1 [fe80::1%25eth0] 127.0.0.1%2f@news.example
""".split()  # noqa: SIM905


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_a_forbidden_address_is_connected_to(host: str, site: Site, connections: Connections) -> None:
    def resolver(name: str, port: int) -> Sequence[str]:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM) if name != "news.example" else []
        return [str(entry[4][0]) for entry in found]

    with client(loopback=False, resolver=resolver) as web, pytest.raises(KibaruError):
        web.get(f"http://{host}:{site.port}/")
    assert connections.addresses == []
    assert site.log == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://news.example/", "gopher://127.0.0.1:70/", "javascript:1",
                                 "//127.0.0.1/", "http:///", "http://", "", "http://a b/", "http://a\n/", "http://x:0/",
                                 "http://x:70000/", "data:text/html,x", "http://" + 5000 * "a",
                                 "https://xn--/", "https://xn--a/"])  # fmt: skip
def test_only_http_and_https_are_fetched(url: str, connections: Connections) -> None:
    with client() as web, pytest.raises(BadInput) as raised:
        web.get(url)
    assert "\n" not in str(raised.value)
    assert connections.addresses == []


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[fd00:ec2::254]/", "http://2852039166/",
     "//192.168.0.1/", "file:///etc/passwd", "http://[::ffff:10.0.0.1]/", "http://0x0a.0.0.1/"],
)  # fmt: skip
def test_no_redirect_leads_to_a_forbidden_address(target: str, site: Site, connections: Connections) -> None:
    site.pages["/"] = Answer(status=302, headers={"Location": "/second"})
    site.pages["/second"] = Answer(status=301, headers={"Location": target})
    with client() as web, pytest.raises(BadInput):
        web.get(site.url)
    assert set(connections.addresses) == {"127.0.0.1"}


def test_a_name_that_changes_its_mind_is_connected_where_it_was_checked(site: Site, connections: Connections) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    with client(loopback=False, resolver=lambda host, port: next(answers)) as web, pytest.raises(BadInput) as raised:
        web.get(f"http://rebind.example:{site.port}/")
    assert "leads to 127.0.0.1" in str(raised.value)
    assert connections.addresses == [PUBLIC]
    assert site.log == []


def test_a_name_with_any_forbidden_address_is_refused(connections: Connections) -> None:
    with (
        client(resolver=lambda host, port: [PUBLIC, "10.0.0.1"]) as web,
        pytest.raises(BadInput, match=r"10\.0\.0\.1"),
    ):
        web.get("http://mixed.example/")
    assert connections.addresses == []


def test_the_loopback_allowance_is_off_and_for_loopback_only(site: Site) -> None:
    assert not loopback_allowed()
    with client() as web:
        assert web.get(site.url).body == b"<p>Bonjour</p>"
        with pytest.raises(BadInput):
            web.get("http://10.0.0.1/")


def test_proxies_of_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with client() as web:
        assert web.get(site.url).status == 200


def test_a_name_that_takes_forever_to_resolve_ends(connections: Connections) -> None:
    def never(host: str, port: int) -> Sequence[str]:
        threading.Event().wait(5)
        return [PUBLIC]

    with client(resolver=never, seconds=0.2) as web, pytest.raises(Unreachable):
        web.get("http://slow.example/")
    assert connections.addresses == []


# Limits


def bomb(megabytes: int) -> bytes:
    return gzip.compress(bytes(megabytes * 1_000_000))


def dripping(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def dripping_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        handler.wfile.write(b"X-Wait-%d: 1\r\n" % number)
        time.sleep(0.1)


def endless_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-More: " + 1000 * b"x" + b"\r\n")


def endless(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(bytes(1 << 16))


OK = b"HTTP/1.1 200 OK\r\n"
BROKEN = {
    "a bomb": Answer(bomb(30), headers={"Content-Encoding": "gzip"}),
    "an endless body": Answer(raw=endless),
    "dripping": Answer(raw=dripping),
    "dripping headers": Answer(raw=dripping_headers),
    "endless headers": Answer(raw=endless_headers),
    "no HTTP": Answer(raw=lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "nothing": Answer(raw=lambda handler: None),
    "half a body": Answer(raw=lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")),
    "a wrong length": Answer(
        raw=lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx")
    ),
    "no gzip": Answer(b"not packed", headers={"Content-Encoding": "gzip"}),
    "brotli": Answer(b"x", headers={"Content-Encoding": "br"}),
    "a loop": Answer(status=302, headers={"Location": "/page"}),
    "a redirect to nowhere": Answer(status=302),
    "forbidden": Answer(status=403),
    "a strange status": Answer(status=299),
    "broken": Answer(status=500),
}


@pytest.mark.parametrize("what", BROKEN)
def test_whatever_a_site_answers_ends_in_one_line(what: str, site: Site) -> None:
    site.pages["/page"] = BROKEN[what]
    with client(seconds=0.6) as web, pytest.raises(KibaruError) as raised:
        web.get(f"{site.url}/page")
    assert "\n" not in str(raised.value)


def test_gzip_is_unpacked_be_it_in_several_members(site: Site) -> None:
    packed = gzip.compress(b"Bonjour ") + gzip.compress(b"Kayes") + bytes(10)
    site.pages["/packed"] = Answer(packed, headers={"Content-Encoding": "gzip"})
    with client() as web:
        assert web.get(f"{site.url}/packed").body == b"Bonjour Kayes"


# Manners


def test_it_says_who_it_is(site: Site) -> None:
    with client() as web:
        web.get(site.url)
    assert site.log[-1].headers["user-agent"].startswith("Kibaru/")
    assert site.log[-1].headers["user-agent"].endswith("(+desk@fleuve.example)")


def test_what_robots_txt_disallows_is_not_asked_for(site: Site) -> None:
    site.put(
        "/robots.txt", "User-agent: *\nDisallow: /prive\n\nUser-agent: kibaru\nDisallow: /brouillons\n", "text/plain"
    )
    site.put("/prive", "x")
    with client() as web:
        assert web.get(f"{site.url}/prive").status == 200
        with pytest.raises(BadInput, match=r"robots\.txt"):
            web.get(f"{site.url}/brouillons/1")
    assert site.asked() == ["/robots.txt", "/prive"]


def test_a_redirect_to_a_disallowed_page_is_not_followed(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /prive\n", "text/plain")
    site.pages["/page"] = Answer(status=302, headers={"Location": "/prive"})
    with client() as web, pytest.raises(BadInput, match=r"robots\.txt"):
        web.get(f"{site.url}/page")
    assert "/prive" not in site.asked()


def test_a_site_whose_robots_txt_fails_is_left_alone(site: Site) -> None:
    site.pages["/robots.txt"] = Answer(status=503)
    with client() as web, pytest.raises(Unreachable):
        web.get(site.url)
    assert set(site.asked()) == {"/robots.txt"}


@pytest.mark.parametrize("answer", [Answer(status=404), Answer(status=403), Answer(b"\xff\xfe\x00" * 400_000)])
def test_a_robots_txt_that_is_none_forbids_nothing(answer: Answer, site: Site) -> None:
    site.pages["/robots.txt"] = answer
    with client() as web:
        assert web.get(site.url).status == 200


def test_crawl_delay_and_our_own_delay_part_the_requests(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 7\n", "text/plain")
    waited: list[float] = []
    with client(pause=waited.append, settings={"host_delay": 3.0}) as web:
        for _ in range(2):
            web.get(site.url)
    # robots.txt comes at once, the pages are due at 3 and 10: pauses take no time in this test.
    assert [round(seconds) for seconds in waited if seconds] == [3, 10]


def test_a_busy_site_is_asked_again_when_it_says(site: Site) -> None:
    answers = [Answer(status=429, headers={"Retry-After": "9"}), Answer(status=503), Answer(b"enfin")]
    site.answer = lambda path, headers: answers.pop(0) if path == "/" else Answer(status=404)  # type: ignore[method-assign]
    waited: list[float] = []
    with client(pause=waited.append) as web:
        assert web.get(site.url).body == b"enfin"
    assert [seconds for seconds in waited if seconds > 0.5] == [9.0, 4.0]


@pytest.mark.parametrize("answer", [Answer(status=503), Answer(status=429, headers={"Retry-After": "86400"})])
def test_a_site_that_stays_busy_is_given_up_kindly(answer: Answer, site: Site) -> None:
    site.pages["/"] = answer
    with client() as web, pytest.raises(Unreachable):
        web.get(site.url)
    assert len(site.log) <= 5


def test_a_page_that_did_not_change_is_not_sent_again(site: Site) -> None:
    with client() as web:
        first = web.get(site.url)
        assert web.get(site.url, known=first.validators).is_unchanged
    assert site.log[-1].is_conditional


def test_waiting_ends_when_it_is_told_to(site: Site) -> None:
    site.pages["/"] = Answer(status=503)
    with client(pause=lambda seconds: True) as web, pytest.raises(Stopped):
        web.get(site.url)


def test_owners_of_sites_are_told_apart() -> None:
    same: Callable[[str, str], bool] = is_same_site
    assert same("https://www.fleuve.ml/a", "https://api.fleuve.ml/b")
    assert not same("https://a.co.za/", "https://b.co.za/")
    assert not same("http://127.0.0.1/", "http://127.0.0.2/")


def test_relative_addresses_are_joined() -> None:
    assert str(parse_url("../b?c=é", base="https://fleuve.example/a/x")) == "https://fleuve.example/b?c=%C3%A9"


@pytest.mark.parametrize("name", ["fleuve.test", "autre.test"])
def test_certificates_are_verified_for_the_name_and_not_the_address(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=fleuve.test",
            "-addext", "subjectAltName=DNS:fleuve.test", "-keyout", str(key), "-out", str(certificate)]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Site(context) as served:
        served.put("/", "Bonjour")
        with client(resolver=lambda *_: ["127.0.0.1"]) as web:
            if name == "fleuve.test":
                assert web.get(f"https://{name}:{served.port}/").body == b"Bonjour"
            else:
                with pytest.raises(Unreachable, match="certificate"):
                    web.get(f"https://{name}:{served.port}/")
