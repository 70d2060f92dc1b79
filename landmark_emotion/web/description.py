"""The HTTP API described: as OpenAPI for programs, as a page for people."""

import json
from html import escape
from typing import Any

from landmark_emotion import __version__
from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.web.limits import MAX_BODY, MAX_IMAGE_PIXELS

_NUMBER = {"type": "number"}
_PROBABILITIES = {
    "type": "object",
    "description": "A probability for each emotion the model knows.",
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
}
_POINTS = {
    "type": "array",
    "description": "68 landmarks as [x, y], in pixels.",
    "minItems": 68,
    "maxItems": 68,
    "items": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
}
_BY_REGION = {"type": "object", "additionalProperties": _NUMBER}

_EXPLANATION = {
    "type": "object",
    "description": "What spoke for and against the emotion; only with explain=true.",
    "required": ["emotion", "sentence", "regions", "landmarks", "reference"],
    "properties": {
        "emotion": {"type": "string"},
        "compared_with": {"type": "string"},
        "sentence": {"type": "string"},
        "base": _NUMBER,
        "score": _NUMBER,
        "regions": _BY_REGION,
        "landmarks": {"type": "array", "items": _NUMBER, "minItems": 68, "maxItems": 68},
        "movements": {"type": "array", "items": {"type": "object"}},
        "rather_than": {"type": "object"},
        "reference": _POINTS,
    },
}

_FACE = {
    "type": "object",
    "required": ["face", "box", "emotion", "probability", "probabilities", "landmarks"],
    "properties": {
        "face": {"type": "integer", "description": "From 1, from left to right.", "minimum": 1},
        "box": {
            "type": "array",
            "description": "Left, top, width and height, in pixels.",
            "items": {"type": "integer"},
            "minItems": 4,
            "maxItems": 4,
        },
        "emotion": {"type": "string", "enum": [*EMOTIONS, "uncertain"]},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
        "probabilities": _PROBABILITIES,
        "raw_probabilities": _PROBABILITIES,
        "calibration": {"type": "string", "description": "What the face was compared with."},
        "landmarks": _POINTS,
        "explanation": _EXPLANATION,
    },
}

_RESULT = {
    "type": "object",
    "required": ["width", "height", "faces"],
    "properties": {
        "width": {"type": "integer", "minimum": 1},
        "height": {"type": "integer", "minimum": 1},
        "faces": {"type": "array", "items": _FACE},
    },
}

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong and what to do about it."}
    },
}

_HEALTH = {
    "type": "object",
    "required": ["status", "version", "clients"],
    "properties": {
        "status": {"type": "string", "enum": ["ok"]},
        "version": {"type": "string"},
        "clients": {"type": "integer", "description": "Open pages.", "minimum": 0},
    },
}

_MODEL = {
    "type": "object",
    "required": ["emotions", "colors", "columns", "info"],
    "properties": {
        "emotions": {"type": "array", "items": {"type": "string"}},
        "colors": {
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
        },
        "columns": {
            "type": "array",
            "description": "Columns of the CSV that the page saves.",
            "items": {"type": "string"},
        },
        "info": {"type": "object", "description": "Where the model comes from."},
    },
}


def openapi() -> dict[str, Any]:
    """Describe the API.

    Returns
    -------
    dict
        OpenAPI 3.1, JSON values only.
    """
    picture = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    kinds = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "landmark_emotion",
            "version": __version__,
            "description": "Facial emotion from landmarks. Pictures are judged in memory, on this "
            "machine, and are not stored. Requests from pages of other origins are refused.",
        },
        "paths": {
            "/api/recognize": {
                "post": {
                    "operationId": "recognize",
                    "summary": "The emotions of the faces in a picture",
                    "description": f"The body is the picture's file: JPEG, PNG or WebP, at most "
                    f"{MAX_BODY // 2**20} MB and {MAX_IMAGE_PIXELS // 10**6} million pixels.",
                    "parameters": [
                        {
                            "name": "explain",
                            "in": "query",
                            "required": False,
                            "description": "Whether to tell what spoke for the emotion.",
                            "schema": {"type": "boolean", "default": False},
                        }
                    ],
                    "requestBody": {"required": True, "content": dict.fromkeys(kinds, picture)},
                    "responses": {
                        "200": _response("The faces, from left to right", _RESULT),
                        "400": _response("Not a picture, or damaged", _ERROR),
                        "403": _response("From a page of another origin", _ERROR),
                        "408": _response("The body did not come in time", _ERROR),
                        "413": _response("Too many bytes or pixels", _ERROR),
                        "415": _response("The content type is not that of a picture", _ERROR),
                        "503": _response("Busy; try again in a second", _ERROR),
                    },
                }
            },
            "/api/health": {
                "get": {
                    "operationId": "health",
                    "summary": "Whether the server answers, and how many pages use it",
                    "responses": {"200": _response("It does", _HEALTH)},
                }
            },
            "/api/model": {
                "get": {
                    "operationId": "model",
                    "summary": "The model: its emotions and where it comes from",
                    "responses": {"200": _response("The model", _MODEL)},
                }
            },
        },
    }


def _response(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def api_page() -> str:
    """Write the description as an HTML page.

    Returns
    -------
    str
        It needs nothing but ``/static/style.css``.
    """
    described = openapi()
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>The HTTP API of landmark_emotion</title>",
        '<link rel="icon" href="/emoji/happiness.png">',
        '<link rel="stylesheet" href="/static/style.css"></head><body class="document"><main>',
        '<h1>The HTTP API</h1><p><a href="/">To the page</a> · '
        '<a href="/openapi.json">OpenAPI description for programs</a></p>',
        f"<p>{escape(described['info']['description'])}</p>",
        '<pre tabindex="0"><code>'
        "curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' \\\n"
        "     'http://localhost:8000/api/recognize?explain=true'</code></pre>",
    ]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation))
    return "".join([*parts, "</main></body></html>"])


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    answers = operation["responses"]
    schema = answers["200"]["content"]["application/json"]["schema"]
    parts = [
        f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>",
        f"<p>{escape(operation['summary'])}. {escape(operation.get('description', ''))}</p>",
    ]
    for parameter in operation.get("parameters", ()):
        parts.append(
            f"<p><code>{escape(parameter['name'])}</code>: {escape(parameter['description'])}</p>"
        )
    parts += [
        '<div class="scroll" tabindex="0" role="region" '
        f'aria-label="Answers of {escape(path)}"><table><thead><tr><th>status</th><th>answer</th>'
        "</tr></thead><tbody>",
        *(
            f"<tr><td>{status}</td><td>{escape(answer['description'])}</td></tr>"
            for status, answer in answers.items()
        ),
        "</tbody></table></div>",
        "<details><summary>What is in the answer</summary>",
        f'<pre tabindex="0"><code>{escape(json.dumps(schema, indent=2))}</code></pre>'
        "</details></section>",
    ]
    return "".join(parts)
