"""What clients send and receive, as pydantic models; FastAPI describes the API from them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from landmark_emotion.live.calibration import Mode
from landmark_emotion.model.face import N_LANDMARKS
from landmark_emotion.model.features import N_FEATURES
from landmark_emotion.model.neutral import MAX_FACES
from landmark_emotion.model.quality import Issue

Share = Annotated[float, Field(ge=0, le=1)]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Points = Annotated[
    list[Point],
    Field(
        min_length=N_LANDMARKS, max_length=N_LANDMARKS, description="68 landmarks (x, y), in pixels"
    ),
]


class Problem(BaseModel):
    """An error."""

    error: str = Field(description="What is wrong and what to do about it")


class Health(BaseModel):
    """The state of the server."""

    status: Literal["ok"]
    version: str
    clients: int = Field(ge=0, description="Number of open pages")


class ModelCard(BaseModel):
    """The emotion model."""

    version: str = Field(description="Version of this program")
    emotions: list[str]
    colors: dict[str, str] = Field(description="One color per emotion, as #rrggbb")
    columns: list[str] = Field(description="Columns of the CSV file that the page saves")
    info: dict[str, Any] = Field(description="How the model was trained")


class Occlusion(BaseModel):
    """What covering parts of the picture does to the network's answer."""

    emotion: str
    sentence: str
    regions: dict[str, float] = Field(
        description="Mean fall of the log odds of the emotion where a patch covers the region"
    )


class NetworkPart(BaseModel):
    """What landmarks and network each say."""

    sentence: str
    disagreement: str = Field(description="Empty if both find the same emotion the likeliest")
    share: Share = Field(description="The network's share of the probabilities of this frame")
    probability: Share = Field(description="Of the emotion in this frame")
    landmarks: dict[str, Share] = Field(description="Probabilities by the landmarks alone")
    network: dict[str, Share] = Field(description="Probabilities by the network alone")
    occlusion: Occlusion | None = Field(description="Only in photos, as far as 3 s suffice")


class Explanation(BaseModel):
    """What speaks for and against the emotion."""

    emotion: str
    compared_with: str
    sentence: str
    base: float = Field(description="Score of the neutral face")
    score: float = Field(description="Score of this face")
    regions: dict[str, float] = Field(description="Contribution of each region to the score")
    landmarks: list[float] = Field(description="Contribution of each landmark to the score")
    movements: list[dict[str, Any]]
    rather_than: dict[str, Any] = Field(description="The same against the runner-up")
    reference: Points = Field(description="The neutral face, moved to the position of the face")
    network: NetworkPart | None = Field(None, description="Only if the network took part")


class RecognizedFace(BaseModel):
    """A face and its emotion."""

    face: int = Field(ge=1, description="Number of the face, counted from left to right")
    box: Annotated[list[int], Field(min_length=4, max_length=4)] = Field(
        description="Left, top, width and height, in pixels"
    )
    emotion: str = Field(description="One of the emotions of the model, or uncertain")
    probability: Share
    probabilities: dict[str, Share] = Field(description="One per emotion of the model")
    raw_probabilities: dict[str, Share] = Field(description="The same without smoothing")
    calibration: Mode = Field(description="What the face was compared with")
    network_share: Share = Field(description="The network's share of the raw probabilities")
    yaw: float = Field(description="Degrees by which the head is turned to the subject's left")
    pitch: float = Field(description="Degrees by which it is raised")
    roll: float = Field(description="Degrees by which it is tilted to the subject's left")
    left_eye_openness: float = Field(description="Height of the eye's opening by its width")
    right_eye_openness: float = Field(description="The same of the right eye")
    mouth_openness: float = Field(description="Distance of the lips by that of the eye corners")
    brow_raise: float = Field(description="Height of the brows by the same")
    smile_width: float = Field(description="Width of the mouth by the same")
    blink: bool | None = Field(description="Whether the face blinks; null in a photo")
    quality: Share = Field(description="How far the landmarks can be trusted")
    issue: Issue = Field(description="Why the emotion is uncertain, if the quality is too low")
    landmarks: Points
    explanation: Explanation | None = Field(None, description="Only with explain=true")


class RecognizedImage(BaseModel):
    """An image and its faces."""

    width: int = Field(ge=1)
    height: int = Field(ge=1)
    faces: list[RecognizedFace]


class Calibrate(BaseModel, strict=True):
    """Take the faces of the next seconds as neutral."""

    type: Literal["calibrate"]
    seconds: float = Field(ge=0.5, le=60)


class Switch(BaseModel, strict=True):
    """Turn the automatic baseline or the explanations on or off."""

    type: Literal["automatic", "explain"]
    on: bool


class Reset(BaseModel, strict=True):
    """Start again: forget faces, calibration and frame numbers."""

    type: Literal["reset"]


class Reference(BaseModel, strict=True):
    """Give the neutral face of a person back, as the server sent it after a calibration."""

    type: Literal["reference"]
    features: list[float] = Field(min_length=N_FEATURES, max_length=N_FEATURES)
    n: int = Field(ge=1, le=MAX_FACES, description="The number of faces it was taken from")


class Undo(BaseModel, strict=True):
    """Take the last calibration back, or stop the one that is under way."""

    type: Literal["undo"]


Control = Annotated[Calibrate | Switch | Reset | Reference | Undo, Field(discriminator="type")]


def complaint(errors: Any) -> str:
    """Return what is wrong with the first field that pydantic refused, as ``<where>: <what>``."""
    place = ".".join(str(part) for part in errors[0]["loc"]) or "message"
    text = errors[0]["msg"][:200]
    return f"{place}: {text[:1].lower()}{text[1:]}"
