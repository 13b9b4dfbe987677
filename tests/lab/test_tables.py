"""Tables: the measurements that come with scikit-learn, as they were taken."""

import pytest

from lab.data.tables import table


@pytest.mark.parametrize(
    ("name", "cases", "features", "names"),
    [
        ("breast cancer", 569, 30, ("malignant", "benign")),
        ("iris", 150, 4, ("setosa", "versicolor", "virginica")),
        ("wine", 178, 13, ("class_0", "class_1", "class_2")),
        ("diabetes", 442, 10, ()),
    ],
)
def test_a_table_has_its_cases_features_and_classes(name, cases, features, names):
    found = table(name)
    assert (found.x.shape, len(found.features), found.names) == ((cases, features), features, names)
    with pytest.raises(ValueError, match="read-only"):
        found.x[0, 0] = 1


def test_diabetes_foretells_a_number_from_measurements_in_their_own_units():
    found = table("diabetes")
    bmi = found.x[:, found.features.index("bmi")]
    assert (bmi.min(), bmi.max()) == (18.0, 42.2)
    assert (found.y.min(), found.y.max()) == (25, 346)


def test_an_unknown_table_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="breast cancer, iris, wine, diabetes, not rain"):
        table("rain")
