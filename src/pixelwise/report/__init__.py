"""Scores and images become one self-contained HTML file. Calling the package writes a report.

html.py           report: which page it is; source and form read and check what it is made of
score_page.py     the page of a score, with tables and pictures; explore/: what is explored on it
reach.py          which files a page may show
calibration.py    the section of that page on probabilities
comparison.py     the page of two predictions of the same images
members_page.py   the page of a score whose classes overlap, with planes.py
serve.py          the page of a score on this machine, with images at full size
audit_page.py     audit_page: what an audit found, with examples.py
weights_page.py   weights: what `pixelwise weights` does, and its page
page.html         the frame of all pages; macros.html has what several of them show
scripts.py        joins the scripts of a page, from script/; controls.css: what they add
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "html", "report")
