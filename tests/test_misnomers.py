"""A name that a policy does not have is answered with the field that was meant."""

from __future__ import annotations

import doctest

import pytest

from corsmith import misnomers
from corsmith.misnomers import (
    FIELDS,
    misplaced_field,
    nearest_word,
    right_field,
    unknown_field,
)

ALL = (
    "The fields are origins, methods, headers, expose, credentials, max_age, origin_regex, "
    "preflight_status, accept_risks."
)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(misnomers) == (0, 1)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        # Starlette, FastAPI, Litestar
        ("origins", "allow_origins"),
        ("methods", "allow_methods"),
        ("headers", "allow_headers"),
        ("expose", "expose_headers"),
        ("credentials", "allow_credentials"),
        ("origin_regex", "allow_origin_regex"),
        # flask-cors, Sanic
        ("origins", "CORS_ORIGINS cors_origins send_wildcard"),
        ("credentials", "supports_credentials CORS_SUPPORTS_CREDENTIALS"),
        ("max_age", "CORS_MAX_AGE"),
        # django-cors-headers
        ("origins", "CORS_ALLOWED_ORIGINS CORS_ALLOW_ALL_ORIGINS CORS_ORIGIN_ALLOW_ALL"),
        ("origin_regex", "CORS_ALLOWED_ORIGIN_REGEXES"),
        ("methods", "CORS_ALLOW_METHODS"),
        ("headers", "CORS_ALLOW_HEADERS"),
        ("expose", "CORS_EXPOSE_HEADERS"),
        ("credentials", "CORS_ALLOW_CREDENTIALS"),
        ("max_age", "CORS_PREFLIGHT_MAX_AGE"),
        # asgi-cors, wsgicors
        ("origins", "allow_all hosts host_wildcards origin"),
        ("max_age", "maxage"),
        # expressjs/cors, rs/cors, jub0bs/cors, gin
        ("headers", "allowedHeaders AllowedHeaders RequestHeaders AllowHeaders"),
        ("expose", "exposedHeaders ExposedHeaders ResponseHeaders ExposeHeaders"),
        ("max_age", "maxAge MaxAge MaxAgeInSeconds"),
        ("preflight_status", "optionsSuccessStatus OptionsSuccessStatus PreflightSuccessStatus"),
        ("credentials", "AllowCredentials Credentialed"),
        ("origins", "AllowedOrigins AllowOrigins AllowAllOrigins"),
        # Spring, ASP.NET Core
        ("origins", "allowedOriginPatterns AllowAnyOrigin WithOrigins"),
        ("methods", "allowedMethods AllowAnyMethod WithMethods"),
        ("expose", "WithExposedHeaders"),
        # the header names
        ("origins", "Access-Control-Allow-Origin"),
        ("methods", "Access-Control-Allow-Methods"),
        ("headers", "access_control_allow_headers"),
        ("expose", "Access-Control-Expose-Headers"),
        ("credentials", "Access-Control-Allow-Credentials"),
        ("max_age", "Access-Control-Max-Age"),
        # slips
        ("origins", "orgins Origins ORIGINS origin_s"),
        ("credentials", "credential credentails"),
        ("preflight_status", "preflight_statuss preflightstatus"),
        ("accept_risks", "accept_risk acceptrisks"),
        ("max_age", "max-age maxage"),
        (None, "x callback allow_origin_func"),
    ],
)
def test_names_of_other_libraries_and_slips_lead_to_the_right_field(
    field: str | None, names: str
) -> None:
    assert {name: right_field(name) for name in names.split()} == dict.fromkeys(
        names.split(), field
    )


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_its_own_right_name(field: str) -> None:
    assert right_field(field) == field


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "allow_origins",
            'unknown-field: a policy has no field "allow_origins". Here it is origins=.',
        ),
        ("x", f'unknown-field: a policy has no field "x". {ALL}'),
        (7, f"unknown-field: a policy has no field 7. {ALL}"),
        (
            "vary_header",
            (
                'unknown-field: a policy has no field "vary_header". '
                "Leave it out: Vary is sent wherever an answer can differ."
            ),
        ),
        (
            "CORS_ALLOW_PRIVATE_NETWORK",
            (
                'unknown-field: a policy has no field "CORS_ALLOW_PRIVATE_NETWORK". '
                "Leave it out: no browser asks for it any more."
            ),
        ),
        (
            "resources",
            (
                'unknown-field: a policy has no field "resources". '
                "Which path has which policy is what Routes says."
            ),
        ),
        (
            "preflightContinue",
            (
                'unknown-field: a policy has no field "preflightContinue". Leave it out: '
                "a preflight is answered here, any other OPTIONS by the application."
            ),
        ),
        (
            "always_send",
            (
                'unknown-field: a policy has no field "always_send". '
                "Leave it out: every answer carries the headers."
            ),
        ),
    ],
)
def test_an_unknown_name_is_told_with_what_to_write(name: object, line: str) -> None:
    assert str(unknown_field(name)) == line


@pytest.mark.parametrize(
    ("place", "value", "fix"),
    [
        (0, ["https://app.example"], "Write origins=['https://app.example']."),
        (0, "https://app.example", 'Write origins=["https://app.example"].'),
        (0, "*", 'Write origins="*".'),
        (1, ["PUT"], "Write methods=['PUT']."),
        (4, True, "Write credentials=True."),
        (6, "https://.*", 'Write origin_regex="https://.*".'),
        (8, "null-origin", 'Write accept_risks=["null-origin"].'),
        (9, 1, ALL),
        (0, {"origins": "*"}, "Write Policy.from_mapping({'origins': '*'})."),
    ],
)
def test_a_value_without_a_name_is_told_with_the_name(place: int, value: object, fix: str) -> None:
    said = misplaced_field(place, value)
    assert (said.code, said.field, said.fix) == ("positional-argument", None, fix)
    assert said.message.endswith("has no name: the fields of a policy are given by name.")


def test_a_word_that_is_like_no_other_has_no_nearest_word() -> None:
    assert nearest_word("polcy", ("policy", "routes")) == "policy"
    assert nearest_word("xyz", ("policy", "routes")) is None
