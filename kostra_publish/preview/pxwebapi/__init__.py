"""PxWebApi 2: the draft's tables for programs that read a statbank, before they are in one.

It answers as PxWebApi 2 does (https://github.com/PxTools/PxApiSpecs), with the same titles of
problems, and serves only tables whose figures are as they would be published.
"""

from kostra_publish.preview.pxwebapi.routes import routes

__all__ = ["routes"]
