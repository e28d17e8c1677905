from __future__ import annotations

from typing import Any

from corsmith.importers.objects import class_names, layers, mro_names


class Wrapper:
    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self) -> None: ...


def test_layers_are_told_from_the_outside_in() -> None:
    inner = Wrapper("no application")
    outer = Wrapper(inner)
    assert list(layers(outer)) == [outer, inner]


def test_a_layer_around_itself_ends_the_walk() -> None:
    ring = Wrapper(None)
    ring.app = ring
    assert list(layers(ring)) == [ring]


def test_a_deep_pile_is_not_walked_to_its_end() -> None:
    pile = Wrapper(None)
    for _ in range(50):
        pile = Wrapper(pile)
    assert len(list(layers(pile))) == 20


def test_classes_are_told_by_their_full_names() -> None:
    assert f"{__name__}.Wrapper" in class_names(Wrapper(None))
    assert f"{__name__}.Wrapper" in mro_names(Wrapper)
    assert mro_names("no class") == set()
