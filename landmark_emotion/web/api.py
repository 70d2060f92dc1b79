"""The HTTP API."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request

from landmark_emotion import __version__
from landmark_emotion.emotions import COLORS, color_of
from landmark_emotion.show.rows import columns
from landmark_emotion.web import limits
from landmark_emotion.web.schemas import Health, ModelCard, Problem, RecognizedImage
from landmark_emotion.web.shared import AnyShared

_IMAGE = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
_KINDS = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
_STATUSES: dict[int | str, str] = {
    400: "Not an image, or damaged; or a wrong parameter",
    403: "Sent by a page of another site, or to a foreign host name",
    408: "The body did not arrive in time",
    413: "Too many bytes or pixels",
    415: "The content type is not that of an image",
    500: "An internal error, which the server logs",
    503: "Busy; try again in a second",
    "default": "Any other error",
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text} for status, text in _STATUSES.items()
}
_COMMON = {status: _PROBLEMS[status] for status in _PROBLEMS if status in (403, 500, "default")}

router = APIRouter()


@router.post(
    "/api/recognize",
    description="Recognize the emotions of the faces in an image. The body is a JPEG, PNG or WebP "
    f"file of at most {limits.MAX_BODY // 2**20} MB and {limits.MAX_IMAGE_PIXELS // 10**6} million "
    "pixels.",
    response_model=RecognizedImage,
    response_model_exclude_unset=True,
    response_description="The faces, from left to right",
    responses=_PROBLEMS,
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(_KINDS, _IMAGE)}},
)
async def recognize(
    request: Request,
    shared: AnyShared,
    explain: Annotated[
        bool, Query(description="Add what speaks for and against each emotion found")
    ] = False,
) -> dict[str, Any]:
    """Recognize a photo."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/octet-stream") and not kind.startswith("image/"):
        raise HTTPException(
            415,
            "content type: not that of an image; send the file itself as the body, with "
            "'Content-Type: image/jpeg'",
        )
    with shared.place():
        body = await _body(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(shared.photo, shared.recognize, body, explain)


@router.head("/api/health", include_in_schema=False)
@router.get(
    "/api/health",
    response_model=Health,
    responses=_COMMON,
    response_description="The state of the server",
)
async def health(shared: AnyShared) -> dict[str, Any]:
    """Return whether the server works, and how many pages are open."""
    return {"status": "ok", "version": __version__, "clients": shared.clients}


@router.head("/api/model", include_in_schema=False)
@router.get(
    "/api/model", response_model=ModelCard, responses=_COMMON, response_description="The model"
)
async def model(shared: AnyShared) -> dict[str, Any]:
    """Return the emotions of the model and how it was trained."""
    model = shared.still.model
    return {
        "version": __version__,
        "emotions": model.emotions,
        "colors": COLORS | {name: color_of(name, model.emotions) for name in model.emotions},
        "columns": columns(False, model.emotions),
        "info": dict(model.info),
    }


async def _body(request: Request) -> bytes:
    body = bytearray()
    size = 0

    async def read() -> None:
        nonlocal size
        async for part in request.stream():
            size += len(part)
            if size <= limits.MAX_BODY:
                body.extend(part)
            elif size > 4 * limits.MAX_BODY:
                return
            # Otherwise discard it: a client that is cut off while sending never sees the answer.

    try:
        await asyncio.wait_for(read(), limits.BODY_SECONDS)
    except asyncio.TimeoutError as error:
        raise HTTPException(408, "body: did not arrive in time; send it again") from error
    if size > limits.MAX_BODY:
        text = f"body: larger than {limits.MAX_BODY // 2**20} MB; send a smaller image"
        raise HTTPException(413, text)
    return bytes(body)
