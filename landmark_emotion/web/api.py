"""The HTTP API."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from landmark_emotion import __version__
from landmark_emotion.emotions import COLORS, color_of
from landmark_emotion.show.rows import columns
from landmark_emotion.web import limits
from landmark_emotion.web.schemas import Health, ModelCard, Problem, RecognizedImage
from landmark_emotion.web.shared import AnyShared
from landmark_emotion.web.uploads import UnreadBodyError

_IMAGE = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
_KINDS = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
_STATUSES: dict[int | str, str] = {
    400: "Not an image, or damaged; or a wrong parameter",
    401: "The token is missing or wrong, if the server asks for one",
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
_COMMON = {
    status: _PROBLEMS[status] for status in _PROBLEMS if status in (401, 403, 500, "default")
}

router = APIRouter()


@router.post(
    "/api/recognize",
    description="Recognize the emotions of the faces in an image. The body is a JPEG, PNG or WebP "
    f"file of at most {limits.MAX_BODY // 2**20} MB and {limits.MAX_IMAGE_PIXELS // 10**6} million "
    "pixels.",
    response_model=RecognizedImage,
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
) -> Response:
    """Recognize a photo."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/octet-stream") and not kind.startswith("image/"):
        raise UnreadBodyError(
            415,
            "content type: not that of an image; send the file itself as the body, with "
            "'Content-Type: image/jpeg'",
        )
    status, answer = await shared.recognize(request, explain)
    return Response(answer, status, media_type="application/json")


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
    model = shared.model
    return {
        "version": __version__,
        "emotions": model.emotions,
        "colors": COLORS | {name: color_of(name, model.emotions) for name in model.emotions},
        "columns": columns(False, model.emotions),
        "info": dict(model.info),
    }
