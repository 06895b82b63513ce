import os
import socket
import subprocess
import sys
import urllib.request

import pytest
from pytest_socket import SocketBlockedError, SocketConnectBlockedError

# TEST-NET-1 of RFC 5737: an address that belongs to nobody.
NOBODY = "192.0.2.1"


@pytest.mark.filterwarnings("ignore:A test tried to use")
def test_no_socket_can_be_made() -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


@pytest.mark.filterwarnings("ignore:A test tried to use")
def test_no_name_can_be_looked_up() -> None:
    with pytest.raises(SocketBlockedError):
        socket.getaddrinfo("ssb.no", 443)


@pytest.mark.filterwarnings("ignore:A test tried to use")
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_test_that_asks_for_loopback_gets_no_more_than_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=5) as client:
            assert client.getpeername() == server.getsockname()
        outside = socket.socket()
        with pytest.raises(SocketConnectBlockedError):
            outside.connect((NOBODY, 80))


def test_a_child_process_is_sent_to_a_closed_door() -> None:
    script = "import urllib.request; print(urllib.request.getproxies()['https'])"
    child = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() == urllib.request.getproxies()["https"]
    assert os.environ["PIP_NO_INDEX"] == "1"
