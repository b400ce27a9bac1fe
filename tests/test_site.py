"""The pages of the course: complete, closed in themselves, and without a solution."""

import functools
import http.server
import re
import shutil
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from test_handout import solutions

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "instructor" / "tools"))
sys.path.insert(0, str(ROOT / "instructor" / "tools" / "website"))
pytest.importorskip("myst_nb", reason='pip install "aimsssl[site]"')
import website  # noqa: E402
from lesson_notebooks import read_notebook  # noqa: E402
from lesson_source import lessons  # noqa: E402

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, str]:
    place = tmp_path_factory.mktemp("site") / "site"
    return place, website.build(place)


@pytest.fixture(scope="module")
def site(built) -> Path:
    return built[0]


class Page(HTMLParser):
    """The ids of a page, its links, what it loads, its text."""

    def __init__(self, path: Path):
        super().__init__()
        self.ids, self.links, self.loaded, self.words = set(), [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in ("script", "img", "source", "iframe") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("rel") in ("stylesheet", "preload", "icon"):
            self.loaded.append(found["href"])

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def pages(site) -> dict[str, Page]:
    return {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}


def test_it_builds_without_a_warning_and_has_every_page(built, pages):
    assert built[1] == ""
    wanted = {f"lessons/{lesson.student.stem}.html" for lesson in lessons(ROOT)}
    wanted |= {"index.html", "start.html", "results.html", "command_line.html", "search.html", "api/losses.html"}
    assert wanted | {"lessons/GLOSSARY.html", "data/README.html"} <= set(pages)


def test_every_link_leads_somewhere(site, pages):
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or name in ("genindex.html", "py-modindex.html"):
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            assert target.resolve().is_file(), f"{name}: {link}"
            inside = target.resolve().relative_to(site).as_posix()
            if parts.fragment and inside in pages:
                assert unquote(parts.fragment) in pages[inside].ids | {"", "top"}, f"{name}: {link}"


def test_it_loads_nothing_from_elsewhere(site, pages):
    away = {source for page in pages.values() for source in page.loaded if re.match(r"(https?:)?//", source)}
    assert away == set()
    assert not [sheet for sheet in site.rglob("*.css") if re.search(r"url\(['\"]?https?:", sheet.read_text())]


def test_no_solution_text_is_in_it(site):
    wanted = {name: "".join("".join(lines).split()) for name, lines in solutions().items()}
    assert len(wanted) >= 25
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js", ".txt", ".ipynb", ".md"):
            text = "".join(" ".join(Page(path).words).split()) if path.suffix == ".html" else path.read_text()
            squeezed = "".join(text.split())
            assert [name for name, solution in wanted.items() if solution in squeezed] == [], path
            assert "BEGINSOLUTION" not in squeezed, path


def test_exercises_are_open_and_everything_else_is_as_it_ran(pages):
    for lesson in lessons(ROOT):
        text = " ".join(pages[f"lessons/{lesson.student.stem}.html"].words)
        recorded = read_notebook(lesson.instructor)
        checks = [
            cell.source for cell in recorded.cells if cell.cell_type == "code" and website.CHECK.search(cell.source)
        ]
        assert text.count("NOT ATTEMPTED") == len(checks) >= 3
        assert "PASSED" not in text
        page = website.lesson_page(lesson)
        kept = {cell.id: cell.get("outputs") for cell in page.cells}
        shown = [cell for cell in recorded.cells if cell.id in kept and cell.get("outputs")]
        differ = [cell.source for cell in shown if cell.outputs != kept[cell.id]]
        assert [source for source in differ if source not in checks and "progress()" not in source] == []


def test_a_term_is_linked_where_it_is_first_used():
    from nbformat.v4 import new_markdown_cell, new_notebook

    text = [
        "# A bank\n\n`bank`, $bank$, [bank](x.md).",
        "Embankments: a Bank holds. The bank again.",
        "Not the kNN bank.",
    ]
    page = new_notebook(cells=[new_markdown_cell(one) for one in text])
    terms = website.terms_of("| bank | banque | A. | B. | 01 |\n| kNN | kNN | A. | B. | 02 |")
    website.with_terms(page, "01", terms)
    found = [cell.source for cell in page.cells]
    link = '<a class="term" href="GLOSSARY.html#term-bank">Bank</a>'
    assert found == [text[0], f"Embankments: a {link} holds. The bank again.", text[2]]


@pytest.fixture
def served(site):
    """A page of a browser, and the address of the site."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_api.sync_playwright() as player:
            arguments = ["--no-sandbox", "--disable-background-networking"]
            browser = player.chromium.launch(executable_path=CHROMIUM, args=arguments)
            page = browser.new_page()
            page.set_default_timeout(60_000)
            yield page, f"http://127.0.0.1:{server.server_port}"
            browser.close()
        server.shutdown()


def test_the_search_finds_a_word(served):
    page, address = served
    page.goto(f"{address}/search.html?q=temperature")
    page.wait_for_selector("#search-results li a")
    assert any("NT-Xent" in title for title in page.locator("#search-results li a").all_text_contents())


def test_whoever_cannot_see_it_can_use_it(served):
    """axe-core has no serious complaint of what the course puts into a page; the frame is the theme's."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page, address = served
    for name in ("index.html", "lessons/03_nt_xent.html", "lessons/GLOSSARY.html", "results.html"):
        page.goto(f"{address}/{name}")
        found = axe.Axe().run(page, {"include": [["article"]]}).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:5]) for one in serious] == [], name
