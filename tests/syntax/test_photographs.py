import numpy as np

from src.basics.geometry import box_to_quad
from src.basics.runtime import load_model
from src.basics.texts import normalise_text
from src.evaluation.annotations import read_annotations
from src.media.images import read_image
from src.recognition.reader import PlateReader
from src.syntax.library import load_syntaxes


def test_syntaxes_help_on_photographs_never_met(datasets):
    models = load_model("segmenter"), load_model("classifier")
    readers = {"without": PlateReader(*models), "with": PlateReader(*models, load_syntaxes())}
    items = [item for name in ("indonesia", "taiwan_crops") for item in read_annotations(datasets / "val" / name)]
    right, regions = dict.fromkeys(readers, 0), []
    for item in items[:260]:
        quads = np.where(np.isnan(item.quads), box_to_quad(item.boxes), item.quads).astype(np.float32)
        image = read_image(item.path, str(item.path))
        for name, reader in readers.items():
            readings = reader.read(image, quads)
            right[name] += sum(
                bool(text) and reading.text == normalise_text(text)
                for reading, text in zip(readings, item.texts, strict=True)
            )
            if item.path.parts[-3] == "indonesia":
                regions += [reading.region for reading in readings if reading.region]
    assert right["with"] >= right["without"] + 6
    sure = [region.code for region in regions if region.confidence > 0.8]
    assert sure.count("id") > 0.85 * len(sure) > 20
