"""A document as HTML, Markdown and text, in words that are written once."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
