"""How each stack is told what to answer, as data: the lines to write in it.

What lives here: one ``Stack`` for each framework, server and store, with the lines of a whole
CORS set-up and what is particular about it. What does not: which change an exchange needs, and
the values in the lines (``remedy``).

A blank is ``«name»``; a line whose blank stays empty is left out. Blanks: ``origin``;
``methods``, ``headers`` and ``expose``, joined by commas, or each in double quotes as
``methods"``; ``credentials`` is ``true``, ``True`` as ``credentials!``, and nothing as
``credentials?``, which only keeps its line; ``symbols`` are methods as Ruby has them, ``flags``
those of ``corsmith serve``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

__all__ = ["STACKS", "Stack", "fill", "find_stack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One stack: ``lines`` set up CORS in it; ``where`` says in which file, and before what.

    ``notes`` has what else holds for a need (``change.Need`` by its word), ``other`` the lines
    for a need that the set-up alone does not meet, ``places`` where those stand, if elsewhere.
    """

    title: str
    where: str
    lines: str
    notes: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)


_ASGI_LINES: Final = """\
app = CORSMiddleware(
    app,
    allow_origins=["«origin»"],
    allow_methods=[«methods"»],
    allow_headers=[«headers"»],
    expose_headers=[«expose"»],
    allow_credentials=«credentials!»,
)"""

_ALLOWED_HOSTS: Final = 'app.add_middleware(TrustedHostMiddleware, allowed_hosts=[…, "«host»"])'
_ALLOWED_WHERE: Final = "where TrustedHostMiddleware is added, beside the names that are there"

_NGINX_HEADERS: Final = """\
add_header Access-Control-Allow-Origin "«origin»" always;
add_header Access-Control-Allow-Credentials «credentials» always;
add_header Vary Origin always;"""


def _indented(text: str, by: str) -> str:
    return "\n".join(f"{by}{line}" for line in text.split("\n"))


STACKS: Final[Mapping[str, Stack]] = MappingProxyType(
    {
        "fastapi": Stack(
            title="FastAPI",
            where="the last lines of the file that makes app, so that nothing is outside it",
            lines=f"from fastapi.middleware.cors import CORSMiddleware\n\n{_ASGI_LINES}",
            notes={
                "error": "add_middleware() would put it inside the layer that makes the 500.",
                "slash": "Or FastAPI(redirect_slashes=False) and a route for this exact path.",
                "scheme": "Or start uvicorn with --proxy-headers --forwarded-allow-ips=ADDRESS.",
            },
            other={"host": _ALLOWED_HOSTS},
            places={"host": _ALLOWED_WHERE},
        ),
        "starlette": Stack(
            title="Starlette",
            where="the last lines of the file that makes app, so that nothing is outside it",
            lines=f"from starlette.middleware.cors import CORSMiddleware\n\n{_ASGI_LINES}",
            notes={
                "error": "Starlette(middleware=[…]) puts it inside the layer that makes the 500.",
                "scheme": "Or start uvicorn with --proxy-headers --forwarded-allow-ips=ADDRESS.",
            },
            other={"host": _ALLOWED_HOSTS},
            places={"host": _ALLOWED_WHERE},
        ),
        "django": Stack(
            title="Django",
            where="settings.py, with django-cors-headers",
            lines="""\
INSTALLED_APPS += ["corsheaders"]
MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *MIDDLEWARE]
CORS_ALLOWED_ORIGINS = ["«origin»"]
CORS_ALLOW_METHODS = [«methods"»]
CORS_ALLOW_HEADERS = [«headers"»]
CORS_EXPOSE_HEADERS = [«expose"»]
CORS_ALLOW_CREDENTIALS = «credentials!»""",
            notes={
                "slash": "Or APPEND_SLASH = False and a route for this exact path.",
                "scheme": 'Or SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https").',
            },
            other={
                "csrf": 'CSRF_TRUSTED_ORIGINS = ["«origin»"]',
                "host": 'ALLOWED_HOSTS += ["«host»"]',
            },
            places={"csrf": "settings.py", "host": "settings.py"},
        ),
        "flask": Stack(
            title="Flask",
            where="where app is made, with flask-cors",
            lines="""\
from flask_cors import CORS

CORS(
    app,
    origins=["«origin»"],
    methods=[«methods"»],
    allow_headers=[«headers"»],
    expose_headers=[«expose"»],
    supports_credentials=«credentials!»,
)""",
            notes={
                "error": "With debug=True Flask shows the error page without these headers.",
                "preflight": "In before_request: if request.method == 'OPTIONS': return None.",
                "slash": "Or app.url_map.strict_slashes = False before the routes.",
            },
        ),
        "http.server": Stack(
            title="Python's http.server",
            where="the class of your handler, with corsmith",
            lines="""\
from corsmith import Policy
from corsmith.adapters.http_server import CORSMixin

class Handler(CORSMixin, BaseHTTPRequestHandler):
    cors = Policy(
        origins=["«origin»"],
        methods=[«methods"»],
        headers=[«headers"»],
        expose=[«expose"»],
        credentials=«credentials!»,
    )""",
        ),
        "corsmith": Stack(
            title="corsmith serve",
            where="the file of --policy, if it has one",
            lines="""\
[policy]
origins = ["«origin»"]
methods = [«methods"»]
headers = [«headers"»]
expose = [«expose"»]
«credentials?»credentials = true""",
            notes=dict.fromkeys(
                ("allow", "preflight", "error"),
                "Without a file, on its command line: «flags»; a flag replaces its list, so name "
                "again what is to stay, as in --origin @loopback,«origin».",
            ),
            other={"host": "--allow-host «host»"},
            places={"host": "its command line"},
        ),
        "express": Stack(
            title="Express",
            where="before every other app.use and every route",
            lines="""\
app.use(require("cors")({
  origin: "«origin»",
  methods: [«methods"»],
  allowedHeaders: [«headers"»],
  exposedHeaders: [«expose"»],
  credentials: «credentials»,
}));""",
            notes={
                "error": "Express drops the headers on its own error page: answer errors yourself.",
                "slash": 'Or app.set("strict routing", true) and a route for this exact path.',
            },
            other={
                "error": "// after every route\n"
                "app.use((error, req, res, next) => res.status(500).json({ error: 'internal' }));"
            },
        ),
        "nginx": Stack(
            title="nginx",
            where="the location that serves this path",
            lines="if ($request_method = OPTIONS) {\n"
            + _indented(_NGINX_HEADERS, "    ")
            + """
    add_header Access-Control-Allow-Methods "«methods»" always;
    add_header Access-Control-Allow-Headers "«headers»" always;
    return 204;
}
"""
            + _NGINX_HEADERS
            + '\nadd_header Access-Control-Expose-Headers "«expose»" always;',
            notes={
                "error": "Without `always` nginx adds headers to successful answers only.",
                "preflight": "`return` comes before auth_basic and auth_request.",
            },
            other={
                "single": "proxy_hide_header Access-Control-Allow-Origin;\n"
                "proxy_hide_header Access-Control-Allow-Credentials;",
                "error": _NGINX_HEADERS,
                "upstream": _NGINX_HEADERS,
                "host": "server_name «host»;",
                "vary": "add_header Vary Origin always;",
            },
        ),
        "caddy": Stack(
            title="Caddy",
            where="the block of the site in the Caddyfile",
            lines="""\
@preflight {
    method OPTIONS
    header Access-Control-Request-Method *
}
header {
    Access-Control-Allow-Origin "«origin»"
    Access-Control-Allow-Credentials «credentials»
    Access-Control-Expose-Headers "«expose»"
    +Vary Origin
    defer
}
header @preflight {
    Access-Control-Allow-Methods "«methods»"
    Access-Control-Allow-Headers "«headers»"
}
respond @preflight 204""",
            notes={
                "preflight": "basic_auth and forward_auth come before respond: give them the "
                "matcher `not method OPTIONS`.",
            },
            other={
                "single": 'header {\n    Access-Control-Allow-Origin "«origin»"\n    defer\n}',
                "upstream": "handle_errors {\n"
                '    header Access-Control-Allow-Origin "«origin»"\n'
                "    header +Vary Origin\n"
                '    respond "{err.status_text}" {err.status_code}\n'
                "}",
                "vary": "header +Vary Origin",
            },
        ),
        "apache": Stack(
            title="Apache",
            where="the <Location> or .htaccess of this path, with mod_headers and mod_rewrite",
            lines="""\
Header always set Access-Control-Allow-Origin "«origin»"
Header always set Access-Control-Allow-Credentials "«credentials»"
Header always set Access-Control-Allow-Methods "«methods»"
Header always set Access-Control-Allow-Headers "«headers»"
Header always set Access-Control-Expose-Headers "«expose»"
Header always merge Vary Origin
RewriteEngine On
RewriteCond %{REQUEST_METHOD} OPTIONS
RewriteRule ^ - [R=204,L]""",
            notes={"preflight": "Put `Require method OPTIONS` beside `Require valid-user`."},
            other={
                "single": "Header unset Access-Control-Allow-Origin",
                "vary": "Header always merge Vary Origin",
            },
        ),
        "envoy": Stack(
            title="Envoy",
            where="the route, with envoy.filters.http.cors as the first of http_filters",
            lines="""\
typed_per_filter_config:
  envoy.filters.http.cors:
    "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy
    allow_origin_string_match: [{exact: "«origin»"}]
    allow_methods: "«methods»"
    allow_headers: "«headers»"
    expose_headers: "«expose»"
    allow_credentials: «credentials»""",
            notes={"preflight": "The cors filter stands before ext_authz and jwt_authn."},
        ),
        "s3": Stack(
            title="S3",
            where="the CORS configuration of the bucket",
            lines="""\
[{
  "AllowedOrigins": ["«origin»"],
  "AllowedMethods": [«methods"»],
  "AllowedHeaders": [«headers"»],
  "ExposeHeaders": [«expose"»]
}]""",
            notes={
                "elsewhere": "Use the address of the bucket's own region.",
                "vary": "S3 sends no Vary without Origin: let the CDN key on Origin.",
            },
        ),
        "spring": Stack(
            title="Spring",
            where="a configuration class; with Spring Security also http.cors(withDefaults())",
            lines="""\
@Bean
CorsConfigurationSource corsConfigurationSource() {
    var cors = new CorsConfiguration();
    cors.setAllowedOrigins(List.of("«origin»"));
    cors.setAllowedMethods(List.of(«methods"»));
    cors.setAllowedHeaders(List.of(«headers"»));
    cors.setExposedHeaders(List.of(«expose"»));
    cors.setAllowCredentials(«credentials»);
    var source = new UrlBasedCorsConfigurationSource();
    source.registerCorsConfiguration("/**", cors);
    return source;
}""",
        ),
        "aspnet": Stack(
            title="ASP.NET Core",
            where="Program.cs; UseCors() before UseAuthentication() and UseAuthorization()",
            lines="""\
builder.Services.AddCors(options => options.AddDefaultPolicy(policy => policy
    .WithMethods(«methods"»)
    .WithHeaders(«headers"»)
    .WithExposedHeaders(«expose"»)
    .AllowCredentials()«credentials?»
    .WithOrigins("«origin»")));

app.UseCors();""",
        ),
        "rails": Stack(
            title="Rails",
            where="config/initializers/cors.rb, with the gem rack-cors",
            lines="""\
Rails.application.config.middleware.insert_before 0, Rack::Cors do
  allow do
    origins "«origin»"
    resource "*",
      headers: [«headers"»],
      expose: [«expose"»],
      credentials: «credentials»,
      methods: [«symbols»]
  end
end""",
            other={"host": 'config.hosts << "«host»"'},
            places={"host": "config/environments/, the file of this environment"},
        ),
    }
)

_ALIASES: Final = MappingProxyType(
    {
        "asp.net": "aspnet",
        "bucket": "s3",
        "drf": "django",
        "httpd": "apache",
        "ingress-nginx": "nginx",
        "istio": "envoy",
        "node": "express",
        "python": "http.server",
        "serve": "corsmith",
        "uvicorn": "starlette",
    }
)


def find_stack(word: str) -> str | None:
    """Return the name of the stack that a word means, or ``None``.

    >>> find_stack("Istio"), find_stack("cobol")
    ('envoy', None)
    """
    name = word.lower()
    name = _ALIASES.get(name, name)
    return name if name in STACKS else None


_BLANK: Final = re.compile(r"«([a-z]+[\"!?]?)»")


def fill(template: str, values: Mapping[str, str]) -> tuple[str, ...]:
    r"""Return the lines of a template, without those whose blank is empty.

    >>> fill("a «origin»\nb «expose»", {"origin": "https://app.example", "expose": ""})
    ('a https://app.example',)
    """
    lines = [
        _BLANK.sub(lambda blank: "" if blank[1].endswith("?") else values[blank[1]], line)
        for line in template.split("\n")
        if all(values[name.removesuffix("?")] for name in _BLANK.findall(line))
    ]
    return tuple(lines)
