"""How Sphinx makes the site; `build.py` gathers the pages. Nothing is loaded from other hosts when a page is read."""

from __future__ import annotations

from pygments.lexers.shell import BashLexer
from sphinx.application import Sphinx

from auditkit.version import __version__

project = "auditkit"
author = "The auditkit authors"
copyright = "The auditkit authors, Apache-2.0"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"auditkit {__version__}"
html_copy_source = html_show_sourcelink = False
html_last_updated_fmt = None
html_static_path = ["_static"]
html_css_files = ["site.css"]
pygments_style = "friendly"
pygments_dark_style = "native"

myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

# Our docstrings write names in single backquotes; one that leads nowhere is shown as code.
default_role = "py:obj"
autodoc_default_options = {"no-value": True, "exclude-members": "model_config"}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Source", "Layout"]
python_use_unqualified_type_names = True
# A name that two wings export has two places; either will do.
suppress_warnings = ["ref.python"]


def setup(app: Sphinx) -> None:
    """Blocks that only tests tell apart from other commands of a shell are shown as such."""
    app.add_lexer("ssh-signature", BashLexer)
