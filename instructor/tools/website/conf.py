"""Sphinx: the course as static pages. Run by `website.py`, which writes the pages' sources first."""

import sys
from pathlib import Path

import aimsssl

sys.path.insert(0, str(Path(__file__).parent))  # for `mathml`

project = "aimsssl"
author = "the authors of aimsssl"
version = release = aimsssl.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml"]
nb_execution_mode = "off"  # outputs come from the recorded execution
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_heading_anchors = 3
# our docstrings are plain text with `code`
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_use_rtype = False
html_theme = "pydata_sphinx_theme"
html_title = "aimsssl"
html_static_path = ["_static"]
html_extra_path = ["beside"]  # what is downloaded
html_sidebars = {page: [] for page in ("start", "results", "command_line")}  # they have no pages below them
html_css_files = ["course.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": True,
    "navigation_with_keys": False,  # arrow keys scroll, as everywhere
    "secondary_sidebar_items": ["page-toc"],
    "show_nav_level": 1,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copyright = "the authors of aimsssl; code under the MIT licence, text under CC BY 4.0"
html_math_renderer = "mathml"
