"""Which URLs that strangers name may be called."""

from __future__ import annotations

import pytest

from switchboard.engine.web_addresses import complaint_about, is_public

GOOD = (
    "https://fcm.googleapis.com/fcm/send/abc:DEF-123",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA",
    "https://web.push.apple.com:443/QM",
    "https://wns2-par02p.notify.windows.com/w/?token=BQ%3d",
)


@pytest.mark.parametrize("url", GOOD)
def test_addresses_of_push_services(url: str) -> None:
    assert complaint_about(url, (), private=False) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "http://push.example.org/",
        "ftp://push.example.org/",
        "file:///etc/passwd",
        "https:push.example.org",
        "https://push.example.org:8443/",
        "https://push.example.org:0443x/",
        "https://user@push.example.org/",
        "https://user:secret@push.example.org/",
        "https://push.example.org/#x",
        "https://push.example.org/a b",
        "https://push.example.org\\@127.0.0.1/",
        "https://push.example.org/\r\nHost:x",
        "https://püsh.example.org/",
        "https://localhost/",
        "https://intranet/",
        "https://metadata.google.internal/",
        "https://printer.local./",
        "https://a.localhost/",
        "https://127.0.0.1/",
        "https://8.8.8.8/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://push.example.org/" + "x" * 2048,
    ],
)
def test_addresses_that_are_not_called(url: str) -> None:
    assert complaint_about(url, (), private=False) is not None


def test_hosts_that_the_settings_name_with_all_below_them() -> None:
    hosts = ("googleapis.com",)
    assert complaint_about(GOOD[0], hosts, private=False) is None
    for url in (GOOD[1], "https://notgoogleapis.com/", "https://googleapis.com.evil.org/"):
        assert complaint_about(url, hosts, private=False) is not None
        assert complaint_about(url, hosts, private=True) is not None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x", "https://localhost:1/x"])
def test_what_tests_may_call(url: str) -> None:
    assert complaint_about(url, (), private=True) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1"),
        *("ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "2001:0:7f00:1::", "not an address", ""),
    ],
)
def test_addresses_that_only_this_machine_or_its_network_reaches(address: str) -> None:
    assert not is_public(address)
