"""JupyterLab in a browser, as a student has it: the server, a page, what is done there and what must be true."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from helpers import free_port

ROOT = Path(__file__).parents[1]
TOKEN = "for-this-test-only"
SECONDS = 1000 * float(
    os.environ.get("AIMSSSL_BROWSER_PATIENCE", "1")
)  # for Playwright: milliseconds; slow machines: 3
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("background-networking", "component-update", "sync", "extensions", "gpu", "default-apps")


@contextlib.contextmanager
def serving(tmp_path: Path, more: Mapping[str, str]) -> Iterator[str]:
    """`aimsssl lab` in a copy of the course, with settings of its own; gives its address.

    Args:
        more: notebooks that lie beside the lessons, by name.
    """
    if CHROMIUM is None:
        pytest.skip("needs Chromium: there is no chromium, chromium-browser or google-chrome")
    course = tmp_path / "course"
    for folder in ("aimsssl", "lessons", "data/recorded_runs"):
        shutil.copytree(ROOT / folder, course / folder, ignore=shutil.ignore_patterns("runs", ".*", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", course)
    for name, notebook in more.items():
        (course / "lessons" / name).write_text(notebook)
    settings = tmp_path / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # all cells in the page, not only those in view
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    port = free_port()
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    environment = {
        **os.environ,
        **{name: str(tmp_path / name.lower()) for name in own},
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "AIMSSSL_PROFILE": "ci",
        "AIMSSSL_HOME": str(tmp_path / "home"),  # a student's progress that begins with nothing
        "PYTHONPATH": os.pathsep.join((str(course), str(ROOT / "tests"))),
    }
    command = [sys.executable, "-m", "aimsssl", "lab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser"]
    address, log = f"http://127.0.0.1:{port}", tmp_path / "server.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=course, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL
        )
    try:
        _wait_for(address, process, log)
        yield address
    finally:
        _stop(address, process)


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(round(0.24 * SECONDS)):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"aimsssl lab does not serve:\n{log.read_text()[-3000:]}")


def _stop(address: str, process: subprocess.Popen) -> None:
    """Ask the server to go, which ends its kernels too; what does not go is ended."""
    family = [process, *psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
    request = urllib.request.Request(f"{address}/api/shutdown", method="POST")
    request.add_header("Authorization", f"token {TOKEN}")
    with contextlib.suppress(OSError):
        urllib.request.urlopen(request, timeout=10).close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()


@contextlib.contextmanager
def notebook_page(server: str, name: str) -> Iterator:
    """A page with this notebook of the folder of lessons; a screenshot is made of what fails."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in QUIET)]
        )
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.set_default_timeout(30 * SECONDS)
        page.errors = []
        page.on("console", lambda message: message.type == "error" and page.errors.append(message.text))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        try:
            page.goto(f"{server}/lab/tree/{_path_of(name, server)}?reset&token={TOKEN}", timeout=60 * SECONDS)
            yield page
        except BaseException:
            shot(page, f"0_failed_{name}")
            raise
        finally:
            browser.close()


def _path_of(name: str, server: str) -> str:
    """As the server names it: its root is the course or the folder of lessons."""
    with urllib.request.urlopen(f"{server}/api/contents?token={TOKEN}", timeout=10) as answer:
        names = [item["name"] for item in json.load(answer)["content"]]
    return f"lessons/{name}" if "lessons" in names else name


# The notebook in front, when its kernel listens: JupyterLab drops cells that are run before
READY = """() => {
    const shown = window.jupyterapp?.shell.currentWidget, kernel = shown?.sessionContext?.session?.kernel;
    return shown?.context.isReady && kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""


def run_all_cells(page) -> None:
    """Run the whole notebook by JupyterLab's own command, which ends with the last cell or with the first error."""
    page.wait_for_function(READY, timeout=90 * SECONDS)
    page.evaluate("async () => { await jupyterapp.shell.currentWidget.sessionContext.session.kernel.info; }")
    page.evaluate(
        """() => {
            window.allHasRun = false;
            jupyterapp.commands.execute("notebook:run-all-cells").finally(() => { window.allHasRun = true; });
        }"""
    )
    page.wait_for_function("() => window.allHasRun", timeout=400 * SECONDS)
    nothing_failed(page)
    runs = page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === "code").map(cell => cell.model.executionCount)"""
    )
    assert runs and all(runs), f"not all cells have been run: {runs}"
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()


def wait_until_idle(page) -> None:
    """Until the kernel has done what the page asked for: it answers in order, and a widget may hold back one change."""
    page.evaluate(
        """async () => {
            const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            for (let answers = 0; answers < 3; answers++) await kernel.requestKernelInfo();
        }"""
    )
    page.wait_for_function(READY, timeout=90 * SECONDS)


ERROR = '.jp-Notebook [data-mime-type="application/vnd.jupyter.error"]'


def nothing_failed(page) -> None:
    """No traceback, neither of a cell nor of a widget's callback, and nothing of a cell left unrun."""
    assert page.locator(ERROR).all_inner_texts() == []
    outputs = page.locator(".jp-Notebook .jp-OutputArea-output").all_inner_texts()
    assert outputs, "there are no outputs at all"
    failed = [text for text in outputs if "Traceback" in text or "could not be drawn" in text]
    assert not failed, failed
    prompts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").all_text_contents()
    assert not [text for text in prompts if "*" in text]


def nothing_serious(page, tried: Collection[str] = ()) -> None:
    """axe-core has no serious complaint of what the course puts into the page: texts, outputs, explorers.

    Args:
        tried: rules that must have found something to judge.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    own = {"include": [[".jp-Notebook .jp-RenderedMarkdown"], [".jp-Notebook .jp-OutputArea-output > *"]]}
    response = axe.Axe().run(page, own, {"resultTypes": ["violations", "passes"]}).response
    serious = [one for one in response["violations"] if one["impact"] in ("serious", "critical")]
    assert not serious, [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in serious]
    assert set(tried) <= {one["id"] for one in response["passes"]}


def shot(page, name: str) -> None:
    folder = os.environ.get("AIMSSSL_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")
