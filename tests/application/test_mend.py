"""The change in a source file: exact where it is certain, and none where it is not."""

from __future__ import annotations

import textwrap

import pytest

from corsmith.application.mend import as_diff, cors_site, install_lines, mend
from corsmith.application.sites import SiteKind, find_sites

SITES = (SiteKind.ADD_CORS, SiteKind.LIST_CORS, SiteKind.FLASK_CORS, SiteKind.DJANGO)


def mended(source: str, target: str | None = "app", **fields: object) -> str | None:
    """Return the source with the change at its CORS layer, or where the application is made."""
    source = textwrap.dedent(source)
    sites = find_sites("main.py", source)
    layers = [site for site in sites if site.kind in SITES]
    return mend((layers or sites)[0], source, target, fields or None)


def line(arguments: str, **given: str) -> str | None:
    """Return the last line of a file whose layer has these arguments."""
    source = f"app = FastAPI()\napp.add_middleware(CORSMiddleware, {arguments})\n"
    after = mended(source, **given)
    if after is None:
        return None
    words = " ".join(after[after.index("app = install(") :].split())
    return words.replace("( ", "(").replace(", )", ")")


def test_the_last_line_has_the_same_fields_and_the_import_changes() -> None:
    source = """\
        import json
        from fastapi import FastAPI
        from fastapi.middleware.cors import CORSMiddleware

        app = FastAPI()
        app.add_middleware(
            CORSMiddleware,
            allow_origins=["https://app.example", "https://other.example"],
            allow_credentials=True,
            expose_headers=["ETag"],
        )


        @app.get("/items")
        def read():
            return []
        """
    assert mended(source) == textwrap.dedent("""\
        import json
        from fastapi import FastAPI
        from corsmith import install

        app = FastAPI()


        @app.get("/items")
        def read():
            return []


        app = install(
            app,
            origins=["https://app.example", "https://other.example"],
            credentials=True,
            expose=["ETag"],
            max_age=600,
        )
        """)


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ('allow_origins=["*"]', 'origins=["*"], max_age=600'),
        ('allow_origins="*"', 'origins=["*"], max_age=600'),
        ("allow_origins=ORIGINS, max_age=5", "origins=ORIGINS, max_age=5"),
        (
            'allow_origins="https://a.example/,https://b.example"',
            'origins=["https://a.example", "https://b.example"], max_age=600',
        ),
        ('allow_origins=["HTTPS://A.example"]', 'origins=["https://a.example"], max_age=600'),
        (
            'allow_origins=["https://a.example"], allow_headers=["X-A"]',
            'origins=["https://a.example"], headers=["Content-Type", "X-A"], max_age=600',
        ),
        (
            'allow_origins=["https://a.example"], allow_headers=["content-type"]',
            'origins=["https://a.example"], headers=["content-type"], max_age=600',
        ),
        (
            'allow_origins=["https://a.example"], allow_headers=["*"]',
            'origins=["https://a.example"], headers=["*", "Authorization"], max_age=600',
        ),
        (
            "allow_origins=ORIGINS, allow_headers=NAMES",
            'origins=ORIGINS, headers=["Content-Type", *NAMES], max_age=600',
        ),
        (
            'allow_origin_regex=r"https://a\\.example", allow_private_network=True',
            'origin_regex=r"https://a\\.example", max_age=600',
        ),
    ],
)
def test_each_field_keeps_its_meaning(arguments: str, fields: str) -> None:
    assert line(arguments) == f"app = install(app, {fields})"


@pytest.mark.parametrize(
    "arguments",
    [
        'allow_origins=["*"], allow_credentials=True',
        'allow_origins=["https://*"]',
        'allow_origins=["https://a.example/b?c"], unknown=1',
        "**settings",
        "allow_methods=['*']",
        "app2, allow_origins=['*']",
    ],
)
def test_what_makes_no_policy_is_not_changed(arguments: str) -> None:
    assert line(arguments) is None


def test_another_layer_is_never_taken_for_the_cors_layer() -> None:
    assert mended("app.add_middleware(Auth)\n") is None


def test_what_is_served_under_another_name_is_not_changed() -> None:
    assert line('allow_origins=["*"]', target="application") is None


@pytest.mark.parametrize(
    "source",
    [
        'app = FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=["*"])])',
        'app = FastAPI()\nx = 1; app.add_middleware(CORSMiddleware, allow_origins=["*"])',
        'app = FastAPI()\napp.add_middleware(CORSMiddleware, allow_origins=["*"]); x = 1',
        'x = [app.add_middleware(CORSMiddleware, allow_origins=["*"])]',
        'make().add_middleware(CORSMiddleware, allow_origins=["*"])',
        "MIDDLEWARE = ['corsheaders.middleware.CorsMiddleware']",
        "from flask_cors import CORS\nif x: CORS(app)",
        "from flask_cors import CORS\nCORS(app, resources={})",
    ],
)
def test_a_layer_that_is_no_statement_by_itself_is_not_changed(source: str) -> None:
    assert mended(f"{source}\n") is None


def test_what_runs_only_as_a_program_stays_last() -> None:
    source = """\
        app = FastAPI()
        app.add_middleware(CORSMiddleware, allow_origins=["*"])  # everyone

        if __name__ == "__main__":
            run(app)
        """
    after = mended(source)
    assert after is not None
    assert after.index("install(app") < after.index("__name__")


def test_an_import_that_is_used_elsewhere_stays_and_ours_is_not_repeated() -> None:
    source = """\
        from corsmith import install
        from starlette.middleware.cors import CORSMiddleware
        print(CORSMiddleware)
        app = FastAPI()
        app.add_middleware(CORSMiddleware, allow_origins=["*"])
        """
    after = mended(source)
    assert after is not None
    assert after.count("from corsmith import install") == 1
    assert "import CORSMiddleware" in after


def test_a_file_without_imports_gets_one_first() -> None:
    after = mended("app = FastAPI()\n", origins=["https://app.example"])
    assert after == (
        "from corsmith import install\n"
        "app = FastAPI()\n"
        'app = install(app, origins=["https://app.example"])\n'
    )


def test_what_a_function_returns_is_wrapped_where_it_returns_once() -> None:
    source = """\
        def create_app():
            app = FastAPI()
            app.add_middleware(CORSMiddleware, allow_origins=["*"])
            def view():
                return 1
            return app
        """
    after = mended(source, None)
    assert after is not None
    assert '    return install(app, origins=["*"], max_age=600)\n' in after
    assert "add_middleware" not in after
    assert mended(source, "app") is None


@pytest.mark.parametrize(
    "ending",
    ["return None", "return other", "if x:\n        return app\n    return app", "return app; x"],
)
def test_a_function_that_returns_otherwise_is_not_changed(ending: str) -> None:
    source = (
        "def create_app():\n    app.add_middleware(CORSMiddleware, allow_origins=['*'])\n"
        f"    {ending}\n"
    )
    assert mend(find_sites("main.py", source)[0], source, None) is None
    crowded = source.replace("    app.add", "    x = 1; app.add")
    assert mend(find_sites("main.py", crowded)[0], crowded, None) is None


def test_a_function_that_makes_an_application_without_cors_is_wrapped_too() -> None:
    source = "def create_app():\n    app = FastAPI()\n    return app\n"
    after = mended(source, None, origins=["https://app.example"])
    assert after is not None
    assert after.endswith(
        '    app = FastAPI()\n    return install(app, origins=["https://app.example"])\n'
    )


def test_flask_is_wrapped_in_its_own_place_with_the_defaults_of_flask_cors() -> None:
    source = """\
        from flask_cors import CORS
        app = Flask(__name__)
        CORS(app, origins=["https://app.example"], methods=["GET"], automatic_options=True)
        """
    assert mended(source) == textwrap.dedent("""\
        from corsmith import install
        app = Flask(__name__)
        app = install(
            app,
            origins=["https://app.example"],
            methods=["GET"],
            headers=["*", "Authorization"],
        )
        """)
    bare = mended("app = Flask(__name__)\n", origins=["https://app.example"])
    assert bare is not None
    assert bare.endswith(
        'app = Flask(__name__)\napp = install(app, origins=["https://app.example"])\n'
    )


def test_an_application_without_cors_is_not_changed_without_fields() -> None:
    assert mended("app = FastAPI()\n") is None
    assert mended("x = 1; app = FastAPI()\n", origins=["https://app.example"]) is None
    assert mended("app = FastAPI(); x = 1\n", origins=["https://app.example"]) is None


@pytest.mark.parametrize(
    ("framework", "target", "fields", "last"),
    [
        (
            "flask",
            "web",
            {},
            'web = install(web, origins=["https://app.example"])',
        ),
        ("django", None, {}, 'application = install(application, origins=["https://app.example"])'),
        (
            None,
            None,
            {"origins": ["*"], "max_age": 5},
            'app = install(app, origins=["*"], max_age=5)',
        ),
        (
            "fastapi",
            None,
            {"origins": "https://a.example, https://b.example", "headers": [1]},
            'app = install(app, origins=["https://a.example", "https://b.example"])',
        ),
        (
            "fastapi",
            None,
            {"origins": ["*"], "credentials": True},
            'app = install(app, origins=["https://app.example"], credentials=True)',
        ),
        (
            "fastapi",
            None,
            {"origins": ["*"], "origin_regex": "https://a"},
            'app = install(app, origins=["*"], origin_regex="https://a")',
        ),
    ],
)
def test_the_lines_to_write_make_a_policy(
    framework: str | None, target: str | None, fields: dict[str, object], last: str
) -> None:
    lines = install_lines(framework, target, fields, "https://app.example")
    assert lines == ("from corsmith import install", last)


def test_lines_that_are_too_long_for_a_report_are_broken() -> None:
    origins = ["https://first.example", "https://second.example", "https://third.example"]
    assert install_lines("fastapi", None, {"origins": origins}, "")[1:] == (
        "app = install(",
        "    app,",
        '    origins=["https://first.example", "https://second.example", "https://third.example"],',
        ")",
    )


def test_the_layer_of_a_library_is_the_site_of_its_kind() -> None:
    source = "app = FastAPI()\napp.add_middleware(CORSMiddleware)\n"
    sites = find_sites("main.py", source)
    found = cors_site(sites, "starlette")
    assert found is not None
    assert found.line == 2
    assert cors_site(sites, "flask-cors") is None
    assert cors_site(sites, None) is None


def test_a_diff_tells_a_file_that_ends_without_a_line_feed() -> None:
    assert list(as_diff("main.py", "a\n", "b")) == [
        "--- a/main.py\n",
        "+++ b/main.py\n",
        "@@ -1 +1 @@\n",
        "-a\n",
        "+b\n\\ No newline at end of file\n",
    ]
