import ipaddress

import pytest

from landmark_emotion.web.addresses import network_addresses, url


@pytest.mark.parametrize("listening", ["127.0.0.1", "::1"])
def test_nobody_else_reaches_the_loopback_address(listening):
    assert network_addresses(listening) == []


def test_a_server_on_one_address_is_reached_there():
    assert network_addresses("192.0.2.7") == ["192.0.2.7"]


@pytest.mark.parametrize("listening", ["0.0.0.0", "::"])
def test_a_server_on_all_addresses_is_reached_on_none_of_the_loopback(listening):
    found = [ipaddress.ip_address(address) for address in network_addresses(listening)]
    assert len(found) == len(set(found))
    assert not any(address.is_loopback or address.is_unspecified for address in found)
    assert listening == "::" or all(address.version == 4 for address in found)


def test_addresses_of_version_6_are_in_brackets():
    assert url("https", "2001:db8::1", 8000) == "https://[2001:db8::1]:8000"
    assert url("http", "localhost", 80) == "http://localhost:80"
