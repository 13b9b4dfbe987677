"""A camera that circles about a point: dragging turns it or moves the point, the wheel brings it nearer."""

from __future__ import annotations

import math

from PySide6.QtGui import QMatrix4x4, QVector3D

from widgets.marks.lighting import AZIMUTH, ELEVATION, HEIGHT

DISTANCE = 6.0
NEAREST, FARTHEST = 0.45, 2.5  # of the distance it opens with
CENTRE = QVector3D(0, 0, 0.3 * HEIGHT)
RADIUS = 1.8  # of everything, about CENTRE


class Orbit:
    """Where the eye is, in degrees about a centre, and what it sees."""

    def __init__(self, elevation: float = ELEVATION) -> None:
        self.azimuth, self.elevation, self.distance = AZIMUTH, elevation, DISTANCE
        self.centre = QVector3D(CENTRE)

    def turn(self, right: float, up: float) -> None:
        self.azimuth += right
        self.elevation = min(max(self.elevation + up, -90.0), 90.0)

    def zoom(self, times: float) -> None:
        self.distance = min(max(self.distance * times, NEAREST * DISTANCE), FARTHEST * DISTANCE)

    def pan(self, right: float, up: float) -> None:
        """Move the centre, as seen from the eye; never so far that all is out of reach."""
        aside = self.centre + self._turned().inverted()[0].mapVector(QVector3D(right, up, 0)) - CENTRE
        self.centre = CENTRE + aside * min(1.0, RADIUS / max(aside.length(), 1e-9))

    def eye(self) -> QVector3D:
        return self.centre + self._turned().inverted()[0].mapVector(QVector3D(0, 0, self.distance))

    def sees(self, half_height: float, aspect: float) -> QMatrix4x4:
        """From the scene to the screen, where half of what is in view at the opening distance is this high."""
        matrix = QMatrix4x4()
        near, far = max(self.distance - 2 * RADIUS, 0.1), self.distance + 2 * RADIUS
        matrix.perspective(2 * math.degrees(math.atan(half_height / DISTANCE)), aspect, near, far)
        matrix.translate(0, 0, -self.distance)
        matrix *= self._turned()
        matrix.translate(-self.centre)
        return matrix

    def _turned(self) -> QMatrix4x4:
        matrix = QMatrix4x4()
        matrix.rotate(self.elevation - 90, 1, 0, 0)
        matrix.rotate(-self.azimuth - 90, 0, 0, 1)
        return matrix
