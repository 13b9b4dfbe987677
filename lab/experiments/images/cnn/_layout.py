"""Where the pictures of the CNN stand: the panels and their arrangement."""

from lab.marks import Bars, Column, Curve, Equation, Images, Matrix, Note, Panel, Row, Table, Tabs

INSIDE = Tabs(
    Panel(
        "Feature maps",
        Images("maps", captions="numbers", chosen="chosen", pick="channel"),
        detail="size",
        help="what the chosen layer makes of the picture: height × width × maps, bright where a filter fits",
    ),
    Panel(
        "Receptive field",
        Matrix("input_cells", lit="seen", numbers=False, colours="grey"),
        detail="field",
        still=True,
        help="framed: the pixels of the picture that the unit picked in Map can see",
    ),
    Panel(
        "Layer by layer",
        Images("passage", captions="passage_names", shared=False, columns=5),
        Note("swapped"),
        help="one map on its way through the layer, each picture on its own colour scale",
    ),
    Panel(
        "Confusion",
        Matrix("confusion", rows="classes", columns="classes", lit="cell_lit", colours="viridis", pick="cell"),
        detail="wrong",
        split="test",
        help="how many test pictures of each class (row) are read as which (column): click a cell for examples",
    ),
)

DETAILS = Row(
    Tabs(
        Panel(
            "First-layer filters",
            Images("first_filters", captions="offsets", chosen="first", pick="channel", colours="scores"),
            help="below each, its offset, which batch norm adds where it is on",
        ),
        Panel(
            "Filter of the map",
            Images("slices", captions="slice_names", colours="scores"),
            detail="whose",
            help="one slice for each map of the layer before",
        ),
        Panel(
            "Map",
            Matrix("map_cells", lit="unit_lit", numbers=False, colours="viridis", pick="unit"),
            detail="unit_name",
            help="click a unit to see in Receptive field what it looks at",
        ),
    ),
    Panel("Picture", Images("picture", "truth", colours="grey"), still=True),
    sizes=(2, 1),
)

PICTURES = Tabs(
    Panel(
        "Test pictures",
        Images("strip", captions="answers", chosen="image", pick="image", colours="grey"),
        detail="misread",
        split="test",
        help="below each, the class it is read as: 9≠3 is a 3 taken for a 9",
    ),
    Panel(
        "Examples",
        Images("examples", captions="example_names", colours="grey"),
        detail="cell_name",
        split="test",
        help="test pictures of the cell picked in Confusion",
    ),
)

SCORES = Tabs(
    Panel(
        "Class probabilities",
        Bars("probabilities", labels="classes", colour="accent", highest=1),
        x="class",
        y="p",
        detail="top",
    ),
    Panel(
        "By depth",
        Images("features", captions="feature_names", colours="grey", columns=8),
        help="for eight filters of each layer, the place in the first 200 test pictures that excites it most",
    ),
)

PANELS = Row(
    Column(INSIDE, DETAILS, PICTURES, sizes=(10, 7, 5)),
    Column(
        SCORES,
        Tabs(
            Panel("Loss", Curve("batch", "train", "test", log_y=True), x="step t", y="mean loss L", detail="when"),
            Panel(
                "Accuracy",
                Curve("batch accuracy", "train accuracy", "test accuracy", "top-5"),
                x="step t",
                y="share right A",
                detail="tops",
            ),
        ),
        Panel(
            "Loss of this picture",
            Equation("picture_loss"),
            Note("said"),
            help="the cross-entropy: y is the right class of the picture, p its probability",
        ),
        Tabs(
            Panel("Network", Note("built"), still=True, help="in brackets, how many parameters a layer has"),
            Panel(
                "Shapes",
                Table("shapes_of", header="shapes_header"),
                detail="total",
                still=True,
                help="field: the pixels that a unit sees",
            ),
        ),
        sizes=(6, 6, 4, 6),
    ),
    sizes=(3, 2),
)
