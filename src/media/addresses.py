"""Network addresses: which ones can be read, without their passwords, and the pictures behind them."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..basics.errors import InputError
from .images import MAX_FILE_BYTES

#: Those that are taken for streams, and those of which a picture can be had.
SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp")
DOWNLOADED = ("http", "https")
#: Seconds that an address may take to answer with a picture.
_DOWNLOAD_S = 20.0
#: Where addresses of cameras hold passwords: before the host, and under such names in the query.
_PASSWORD = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^/?#:@]*:)[^/?#]*(?=@)", re.IGNORECASE)
_SECRET = re.compile(r"(?P<before>[?&;](?:pass\w*|pwd|psw|secret|token|auth|key|api_?key)=)[^&;#]*", re.IGNORECASE)


def without_password(address: str) -> str:
    """A network address with stars in place of passwords, as it may be shown."""
    return _SECRET.sub(r"\g<before>***", _PASSWORD.sub(r"\g<before>***", address))


def file_name_of(address: str) -> str:
    """The name of the file behind an address."""
    return Path(unquote(urlsplit(address).path)).name


def downloaded(address: str, name: str) -> bytes:
    """The file behind an address; raises :class:`InputError`, in which it is called ``name``, where there is none."""
    import urllib.request

    try:
        with urllib.request.urlopen(address, timeout=_DOWNLOAD_S) as response:
            return bytes(response.read(MAX_FILE_BYTES + 1))
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: it cannot be had ({error}); check address and network") from error
