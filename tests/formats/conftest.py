import pytest


def plate(text, confidence, region):
    return {
        "text": text,
        "confidence": confidence,
        "box": [10, 20, 110, 50],
        "corners": [[11, 21], [109, 22], [108, 50], [10, 49]],
        "detection_confidence": 0.8,
        "rows": 1,
        "region": region,
        "characters": [],
        "candidates": [
            {"text": text, "confidence": confidence},
            {"text": text + "1", "confidence": 0.01},
            {"text": text + "11", "confidence": 0.0099},
        ]
        * bool(text),
    }


@pytest.fixture
def answer():
    """What the pipeline gives for a picture with three plates, one of which cannot be read."""
    return {
        "input": "street.jpg",
        "kind": "image",
        "width": 640,
        "height": 480,
        "plates": [
            plate("AB12CDE", 0.97, {"code": "gb", "confidence": 0.8}),
            plate("", 0.0, None),
            plate("7XYZ123", 0.5, {"code": "us-ca", "confidence": 0.5}),
        ],
        "timing_ms": {"load": 8.0, "detect": 6.0, "read": 2.0},
        "saved": {},
    }
