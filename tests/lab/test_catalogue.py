"""Experiments are found by their place; nothing but the one that is opened is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.catalogue import WINGS, Catalogue, topics


def test_the_catalogue_is_in_the_order_of_the_wings() -> None:
    shelves = Catalogue().wings()
    assert list(shelves) == [wing for wing in WINGS.values() if wing in shelves]
    assert [entry.name for entry in shelves["Neighbours, trees, crowds"]][:1] == ["k-means"]


def test_a_folder_is_an_experiment_with_scenes(tmp_path: Path) -> None:
    home = tmp_path / "experiments"
    (home / "images" / "big_net").mkdir(parents=True)
    (home / "images" / "big_net" / "__init__.py").write_text('"""big net: the main thing."""\n')
    (home / "images" / "big_net" / "side_show.py").write_text('"""Side show: something beside it."""\n')
    (home / "images" / "small.py").write_text('"""small: a line."""\n')
    catalogue = Catalogue(home, "made.up")
    assert [e.name for e in catalogue] == ["big-net", "big-net:side-show", "small"]
    assert catalogue["big-net:side-show"].module == "made.up.images.big_net.side_show"
    assert [e.name for e in catalogue.wings()["Images"]] == ["big-net", "small"]
    assert catalogue["small"].line == "a line."


def test_scenes_come_in_the_order_that_the_experiment_declares() -> None:
    catalogue = Catalogue()
    for entry in catalogue:
        scenes = catalogue.scenes(entry.name)
        assert scenes[0].name == entry.parent
        declared = [f"{entry.parent}:{scene}" for scene in entry.load().scenes]
        assert [scene.name for scene in scenes if scene.name in declared] == declared


def test_a_file_without_a_first_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mute.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"mute\.py should begin with its docstring"):
        Catalogue(tmp_path, "made.up")


def test_an_unknown_name_says_where_the_names_are() -> None:
    with pytest.raises(ValueError, match="python -m lab list"):
        Catalogue()["nothing"]


def test_topics_come_with_their_text_and_their_place() -> None:
    found = {topic.title: topic for topic in topics("k-means")}
    assert found["k-means (Lloyd)"].text == "text0.md"
    assert "panel=Data" in found["k-means (Lloyd)"].where
    assert topics("no such experiment") == ()
