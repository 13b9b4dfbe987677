"""The three programs that draw a Surface, in GLSL: its sheet, strokes of even width along paths, and ringed discs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtOpenGL import QOpenGLBuffer, QOpenGLShader, QOpenGLShaderProgram

FLOAT = 0x1406  # OpenGL's name for it

SHEET = (
    """
    attribute vec3 place;
    attribute vec3 colour;
    attribute float shade;
    uniform mat4 camera;
    varying vec3 lit;
    varying float level;
    uniform float levels;
    void main() {
        gl_Position = camera * vec4(place, 1.0);
        lit = colour;
        level = shade * levels + 0.5;  // so that no line runs along a clipped top or bottom
    }
    """,
    """
    #ifdef GL_ES
    #extension GL_OES_standard_derivatives : enable
    precision highp float;
    #endif
    varying vec3 lit;
    varying float level;
    uniform vec4 line;
    uniform float stroke;
    void main() {
        float slope = max(fwidth(level), 1e-6);
        float away = abs(fract(level + 0.5) - 0.5) / slope;
        float on = 1.0 - smoothstep(0.5 * stroke - 0.5, 0.5 * stroke + 0.5, away);
        on *= 1.0 - smoothstep(0.12, 0.4, slope);  // where lines crowd there are none
        vec3 seen = mix(lit, line.rgb, on * line.a);
        gl_FragColor = vec4(gl_FrontFacing ? seen : seen * 0.5, 1.0);
    }
    """,
)
RIBBON = (
    """
    attribute vec3 before;
    attribute vec3 place;
    attribute vec3 after;
    attribute vec2 ink;  // which side of the path, and how strong
    uniform mat4 camera;
    uniform vec3 eye;
    uniform vec2 room;  // half the view, in pixels
    uniform float reach;  // from the middle of the stroke to the edge of its halo, in pixels
    uniform float nearer;
    varying float aside;
    varying float strength;
    void main() {
        vec4 b = camera * vec4(before, 1.0), a = camera * vec4(after, 1.0);
        vec4 h = camera * vec4(place + normalize(eye - place) * nearer, 1.0);  // along the line of sight: it stays put
        vec2 p = h.xy / h.w * room;
        vec2 come = p - b.xy / b.w * room, go = a.xy / a.w * room - p;
        come = length(come) > 0.01 ? normalize(come) : vec2(0.0);
        go = length(go) > 0.01 ? normalize(go) : come;
        if (come == vec2(0.0)) come = go;
        vec2 along = come + go;
        along = length(along) > 0.4 ? normalize(along) : go;  // a path that turns back has no corner to mitre
        vec2 across = vec2(-along.y, along.x);
        float stretch = 1.0 / max(abs(dot(along, go)), 0.6);
        gl_Position = vec4((p + across * ink.x * reach * stretch) / room * h.w, h.zw);
        aside = ink.x * reach;
        strength = ink.y;
    }
    """,
    """
    #ifdef GL_ES
    precision highp float;
    #endif
    varying float aside;
    varying float strength;
    uniform vec4 colour;
    uniform vec4 halo;
    uniform float half_width;
    uniform float reach;
    void main() {
        float out_of_core = smoothstep(half_width - 0.5, half_width + 0.5, abs(aside));
        float edge = 1.0 - smoothstep(reach - 1.0, reach, abs(aside));
        vec4 seen = mix(colour, halo, out_of_core);
        gl_FragColor = vec4(seen.rgb, seen.a * edge * strength);
    }
    """,
)
DISC = (
    """
    attribute vec3 place;
    attribute vec3 colour;
    attribute vec2 corner;
    uniform mat4 camera;
    uniform vec3 eye;
    uniform vec2 room;
    uniform float radius;
    uniform float nearer;
    varying vec3 fill;
    varying vec2 from_middle;
    void main() {
        vec4 h = camera * vec4(place + normalize(eye - place) * nearer, 1.0);
        gl_Position = vec4(h.xy + corner * (radius + 1.0) / room * h.w, h.zw);
        fill = colour;
        from_middle = corner * (radius + 1.0);
    }
    """,
    """
    #ifdef GL_ES
    precision highp float;
    #endif
    varying vec3 fill;
    varying vec2 from_middle;
    uniform vec4 ring;
    uniform float radius;
    uniform float width;
    uniform float strength;
    void main() {
        float away = length(from_middle);
        float ringed = smoothstep(radius - width - 0.5, radius - width + 0.5, away);
        float inside = 1.0 - smoothstep(radius - 0.5, radius + 0.5, away);
        gl_FragColor = vec4(mix(fill, ring.rgb, ringed), strength * inside);
    }
    """,
)


class Bound:
    """A program in use with its attributes read from a buffer: each by its offset in bytes and how many numbers."""

    def __init__(
        self, program: QOpenGLShaderProgram, buffer: QOpenGLBuffer, stride: int, layout: dict[str, tuple[int, int]]
    ) -> None:
        self.program, self.buffer, self.stride, self.layout = program, buffer, stride, layout

    def __enter__(self) -> Callable[..., None]:
        self.program.bind()
        self.buffer.bind()
        for name, (offset, count) in self.layout.items():
            at = self.program.attributeLocation(name)
            self.program.enableAttributeArray(at)
            self.program.setAttributeBuffer(at, FLOAT, offset, count, self.stride)
        self.buffer.release()
        return self.put

    def put(self, **uniforms: Any) -> None:
        for name, value in uniforms.items():
            at = self.program.uniformLocation(name)
            if isinstance(value, float):
                self.program.setUniformValue1f(at, value)  # PySide takes the overload for whole numbers otherwise
            else:
                self.program.setUniformValue(at, value)

    def __exit__(self, *_: object) -> None:
        for name in self.layout:
            self.program.disableAttributeArray(self.program.attributeLocation(name))
        self.program.release()


def program(vertex: str, fragment: str) -> QOpenGLShaderProgram:
    """A program for the present context; a RuntimeError with the driver's reasons where it cannot be made."""
    made = QOpenGLShaderProgram()
    kind = QOpenGLShader.ShaderTypeBit
    if not (
        made.addShaderFromSourceCode(kind.Vertex, vertex)
        and made.addShaderFromSourceCode(kind.Fragment, fragment)
        and made.link()
    ):
        raise RuntimeError(made.log())
    return made
