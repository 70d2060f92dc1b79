"""Predictions sent to other programs while they are made.

::

    open_sending   every frame goes to all targets
      targets        what the user asked for
      datagrams      a UDP socket that never waits
      udp            JSON in UDP datagrams
      osc            Open Sound Control
      lsl            Lab Streaming Layer
"""

import contextlib
from collections.abc import Iterator, Sequence

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import Notify
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.rows import json_row
from landmark_emotion.show.sending.message import Message, Sender
from landmark_emotion.show.sending.targets import Target
from landmark_emotion.sources.frame import Frame

__all__ = ["Sending", "Target", "open_sending"]


class Sending:
    """Sends the predictions of each frame to all senders."""

    def __init__(self, senders: Sequence[Sender], landmarks: bool = False) -> None:
        self._senders = senders
        self._landmarks = landmarks

    def send(
        self, source: str, frame: Frame, predictions: Sequence[Prediction], person: str = ""
    ) -> None:
        """Send one message per face, or one without a face; never wait for a receiver.

        ``person`` is whose faces they are, if that is known.
        """
        if not self._senders:
            return
        where = source, frame.index, frame.time
        for prediction in predictions or (None,):
            row = json_row(*where, prediction, person=person, landmarks=self._landmarks)
            message = Message(row, len(predictions), frame.captured)
            for sender in self._senders:
                sender.send(message)


@contextlib.contextmanager
def open_sending(
    targets: Sequence[Target],
    notify: Notify,
    *,
    source: str = "",
    landmarks: bool = False,
    emotions: Sequence[str] = EMOTIONS,
) -> Iterator[Sending]:
    """Open a sender for each target, and close them at the end.

    Parameters
    ----------
    targets : sequence of Target
        Where to send.
    notify : callable
        Called at the end with a line about each target that some messages could not be sent to.
    source : str
        What is seen, to tell apart the streams of two programs in the Lab Streaming Layer.
    landmarks : bool
        Whether to send the landmarks too.
    emotions : sequence of str
        Those of the model.

    Yields
    ------
    Sending
        Sends the predictions of a frame.

    Raises
    ------
    OutputError
        If a host is unknown.
    MissingPackageError
        If a package that a target needs is not installed.
    """
    with contextlib.ExitStack() as stack:
        senders = []
        for target in targets:
            sender = _open(target, source, landmarks, emotions)
            stack.callback(_close, sender, notify)
            senders.append(sender)
        yield Sending(senders, landmarks)


def _open(target: Target, source: str, landmarks: bool, emotions: Sequence[str]) -> Sender:
    if target.kind == "udp":
        from landmark_emotion.show.sending.udp import UdpSender

        return UdpSender(target)
    if target.kind == "osc":
        from landmark_emotion.show.sending.osc import OscSender

        return OscSender(target, landmarks)
    from landmark_emotion.show.sending.lsl import LslSender

    return LslSender(source, landmarks, emotions)


def _close(sender: Sender, notify: Notify) -> None:
    problem = sender.close()
    if problem:
        notify(f"note: {problem}")
