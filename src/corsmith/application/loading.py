"""An application by its name: ``module:attr``, ``module:factory()``, or a file.

What lives here: importing it as a server would, and what is told where that fails. What does
not: calling it (``memory``) and what it tells about itself (``anatomy``).
"""

import asyncio
import importlib
import importlib.util
import inspect
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

from corsmith.application.frames import shorten, trimmed
from corsmith.application.generations import modern
from corsmith.errors import AppError, PolicyError, UsageError
from corsmith.importers.objects import class_names
from corsmith.installer import is_asgi
from corsmith.misnomers import nearest_word

__all__ = [
    "App",
    "LoadedApp",
    "app_of",
    "has_app",
    "load_app",
    "load_app_file",
    "load_module",
    "load_module_file",
    "quiet",
]

App: TypeAlias = Callable[..., Any]

NAMES: Final = ("app", "application", "asgi", "wsgi", "api", "create_app", "make_app", "get_app")
"""What an application is usually called in a file, and then what makes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedApp:
    """An application, and where it was found: ``attr`` in the module ``name`` of ``file``.

    ``made`` says that a factory made it; ``root`` is the folder that modules are found in.
    """

    app: App
    name: str
    attr: str
    file: str | None
    root: str
    made: bool = False


_OF_FRAMEWORKS: Final = frozenset({"aiohttp.web_app.Application", "tornado.web.Application"})
"""Applications that are served by their own framework and speak neither ASGI nor WSGI."""


@contextmanager
def quiet() -> Iterator[None]:
    """Send what the application prints, and its warnings, to standard error."""
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


def load_app(target: str, verb: str = "check") -> LoadedApp:
    """Return the application of ``module:attr``, found as a server finds it.

    The current folder comes first on ``sys.path``. A factory is called, with or without
    ``()`` after its name. Raises ``AppError`` with the application's own traceback where it
    cannot be imported, ``UsageError`` where there is no such module or name.
    """
    name, _, attr = target.partition(":")
    root = os.getcwd()  # noqa: PTH109  text, as sys.path has it
    module = _import(name, root, target, verb)
    attr, called = attr.removesuffix("()"), attr.endswith("()")
    value: object = module
    for part in attr.split("."):
        if not hasattr(value, part):
            raise UsageError(_no_attribute(target, module, value, part, verb))
        value = getattr(value, part)
    app, made = _made(value, target, root, must=called, verb=verb)
    return _loaded(app, module, attr, root, made=made)


def load_app_file(path: str, verb: str = "check") -> LoadedApp:
    """Return the application of a Python file, by its usual names, else the only one there.

    Raises as ``load_app``.
    """
    return app_of(*load_module_file(path, verb), path, verb)


def load_module(name: str, verb: str) -> tuple[ModuleType, str]:
    """Return a module by its dotted name, and the folder that it is found in.

    Raises as ``load_app``.
    """
    root = os.getcwd()  # noqa: PTH109  text, as sys.path has it
    return _import(name, root, name, verb), root


def load_module_file(path: str, verb: str) -> tuple[ModuleType, str]:
    """Return the module of a Python file, and the folder that it is found in.

    Raises as ``load_app``.
    """
    file = Path(path).resolve()
    if not file.exists():  # it was there when the server that loads it anew was started
        raise UsageError(f"there is no file {path}\n  put it back, or start with its new name")
    name, folder = file.stem, file.parent
    while (folder / "__init__.py").is_file():  # a package is imported by its whole name
        name, folder = f"{folder.name}.{name}", folder.parent
    root = str(folder)
    is_named = all(part.isidentifier() for part in name.split("."))
    return (_import(name, root, path, verb) if is_named else _execute(file, root)), root


def app_of(module: ModuleType, root: str, path: str, verb: str) -> LoadedApp:
    """Return the application of a module, by its usual names, else the only one there.

    Raises ``UsageError`` where there is none, or where it is not clear which.
    """
    name = Path(path).stem if module.__name__ == _EXECUTED else module.__name__
    found = _found(module)
    if not found:
        names = f"{', '.join(NAMES[:2])} or {NAMES[5]}()"
        yours = _of_project(Path(path)) or [f"{name}:NAME"]
        shown = "\n".join(f"  corsmith {verb} {one}" for one in yours)
        raise UsageError(f"{path} has no application that is called {names}; name yours:\n{shown}")
    if len(found) > 1:
        shown = "\n".join(f"  corsmith {verb} {name}:{attr}" for attr in found)
        raise UsageError(f"{path} has {len(found)} applications; type one of\n{shown}")
    app, made = _made(getattr(module, found[0]), path, root, must=False, verb=verb)
    return _loaded(app, module, found[0], root, made=made)


def _of_project(path: Path) -> list[str]:
    """Return the applications of a Django project, for whoever names its ``manage.py``."""
    if path.name != "manage.py":
        return []
    found = [file for name in ("asgi", "wsgi") for file in path.parent.glob(f"*/{name}.py")]
    return [f"{file.parent.name}.{file.stem}:application" for file in found]


def has_app(module: ModuleType) -> bool:
    """Return whether a module has an application, or a function that makes one."""
    return bool(_found(module))


def _loaded(app: App, module: ModuleType, attr: str, root: str, *, made: bool) -> LoadedApp:
    file = getattr(module, "__file__", None)
    return LoadedApp(
        app=app, name=module.__name__, attr=attr, file=file and shorten(file), root=root, made=made
    )


# ── the module ───────────────────────────────────────────────────────────────


_EXECUTED: Final = "__corsmith_app__"


def _import(name: str, root: str, target: str, verb: str) -> ModuleType:
    if root not in sys.path:
        sys.path.insert(0, root)
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            raise UsageError(_no_module(name, missing, root, target, verb)) from None
        raise _broken(target, error, root) from error
    except (Exception, SystemExit) as error:
        raise _broken(target, error, root) from error
    file = Path(root, *name.split(".")).with_suffix(".py")
    found = getattr(module, "__file__", None)
    if file.is_file() and (found is None or not file.samefile(found)):
        raise UsageError(
            f"{shorten(str(file))} has the name of another module, {found or 'of Python itself'}, "
            "which is imported in its place\n  call the file something else"
        )
    return module


def _no_module(name: str, missing: str, root: str, target: str, verb: str) -> str:
    told = f"there is no module {missing} in {root} or installed"
    # The person meant one of the files that are there.
    near = nearest_word(name, [file.stem for file in Path(root).glob("*.py")])
    if near is not None:
        return f"{told}; type\n  corsmith {verb} {near}{target.removeprefix(name)}"
    step = f"start in the folder that {missing} is in, or name its file: corsmith {verb} FILE.py"
    return f"{told}\n  {step}"


def _execute(file: Path, root: str) -> ModuleType:
    """Import a file whose name is no name of a module."""
    spec = importlib.util.spec_from_file_location(_EXECUTED, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _broken(str(file), error, root) from error
    return module


def _broken(target: str, error: BaseException, root: str) -> AppError:
    said = f"{target} cannot be imported"
    if isinstance(error, SystemExit):
        said = f"{target} ends the program when it is imported"
    elif isinstance(error, ModuleNotFoundError):
        said += f": {error.name} is not installed for {sys.executable}"
    return AppError(said, trace=trimmed(error, root))


# ── the name in it ───────────────────────────────────────────────────────────


def _no_attribute(target: str, module: ModuleType, value: object, part: str, verb: str) -> str:
    names = [name for name in vars(value) if not name.startswith("_")] if value is module else []
    near = nearest_word(part, names)
    others = [name for name in names if _is_app(getattr(value, name))]
    offered = [near] if near else others
    shown = f"{module.__name__} has no {part}"
    if not offered:
        return f"{target}: {shown}, and no other application"
    lines = "\n".join(f"  corsmith {verb} {module.__name__}:{name}" for name in offered)
    return f"{target}: {shown}; type\n{lines}"


def _found(module: ModuleType) -> list[str]:
    """Return the name of the application of a module, or those among which to choose."""
    values = vars(module)
    for name in NAMES:
        if name not in values:
            continue
        if _is_app(values[name]) or _is_factory(values[name]):
            return [name]
    return [
        name
        for name, value in values.items()
        if not name.startswith("_") and not inspect.isroutine(value) and _is_app(value)
    ]


def _is_app(value: object) -> bool:
    """Return whether a value is an application, of a protocol or of a framework alone."""
    if class_names(value) & _OF_FRAMEWORKS:
        return True
    if not callable(value) or isinstance(value, type):
        return False
    try:
        is_asgi(value)
    except PolicyError:
        return False
    return True


def _is_factory(value: object) -> bool:
    """Return whether a value is a function that can be called without arguments."""
    if not inspect.isfunction(value):
        return False
    parameters = inspect.signature(value).parameters.values()
    return all(
        parameter.default is not inspect.Parameter.empty
        or parameter.kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
        for parameter in parameters
    )


def _made(value: object, target: str, root: str, *, must: bool, verb: str) -> tuple[App, bool]:
    """Return the application, made by its factory where the value is one."""
    # A coroutine function without arguments makes an application, and is none.
    makes = inspect.iscoroutinefunction(value) and _is_factory(value)
    if not must and not makes and _is_app(value) and callable(value):
        return value, False
    if not must and (older := modern(value)) is not None:
        return older, False
    if callable(value) and (must or _is_factory(value)):
        try:
            app = value()
            if inspect.iscoroutine(app) and verb != "serve":
                app = asyncio.run(app)
        except (Exception, SystemExit) as error:
            raise AppError(
                f"{target} fails when it is called", trace=trimmed(error, root)
            ) from error
        if inspect.iscoroutine(app):
            app.close()
            raise UsageError(_ASYNC_FACTORY.format(target))
        if _is_app(app) and callable(app):
            return app, True
        raise UsageError(f"{target} returns {type(app).__name__}, no ASGI or WSGI application")
    kind = type(value).__name__
    held = (shlex.quote(f"{target}.{name}") for name in _inside(value))
    inside = "".join(f"\n  corsmith {verb} {name}" for name in held)
    other = f"; type{inside}" if inside else ""
    raise UsageError(
        f"{target} is {kind}, no ASGI or WSGI application and nothing that makes one{other}"
    )


_ASYNC_FACTORY: Final = (
    "{} is an async factory; a server calls it before there is an event loop\n"
    "  make it a plain def, and do what it awaits in the application's lifespan"
)

_HELD: Final = ("server", "app", "wsgi_app", "asgi_app")
_MAKING: Final = "streamable_http_app"


def _inside(value: object) -> list[str]:
    """Return the names under which a value keeps an application, or makes one."""
    held = [name for name in _HELD if _is_app(getattr(value, name, None))]
    # What the SDK of MCP calls it.
    return held or ([f"{_MAKING}()"] if hasattr(value, _MAKING) else [])
