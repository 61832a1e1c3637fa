"""PrintAPic: the backend of a photo-print shop, as a library, an HTTP API and a command line.

`open_shop` is the front door for other Python programs; it is loaded on first use, so that
``import printapic`` and ``import printapic.domain`` pull in no framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from printapic.entrypoints.embedded import open_shop
    from printapic.entrypoints.settings import Settings

__version__ = "0.1.0"
__all__ = ["Settings", "__version__", "open_shop"]


def __getattr__(name: str) -> Any:
    if name == "open_shop":
        from printapic.entrypoints.embedded import open_shop

        return open_shop
    if name == "Settings":
        from printapic.entrypoints.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
