"""What `webcam` and `video` share: sources become rows, a window, a recording and a profile."""

import argparse
import contextlib
import functools
import math
import os
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from landmark_emotion.cli.account import Account
from landmark_emotion.cli.calibrator import Calibrator
from landmark_emotion.cli.nonblocking import nonblocking_stdout
from landmark_emotion.cli.options import check_hiding, check_output, check_references, say
from landmark_emotion.cli.output import FrameTextWriter, Writer, is_live_terminal, open_writer
from landmark_emotion.cli.people import open_video_baselines
from landmark_emotion.cli.recognition import open_recognizer, profile_path
from landmark_emotion.cli.status import Status
from landmark_emotion.cli.view import View
from landmark_emotion.errors import OutputError, SourceError
from landmark_emotion.files.writing import check_writable
from landmark_emotion.live.baselines import Baselines
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.neutral import NeutralReference
from landmark_emotion.show import window as windows
from landmark_emotion.show.sending import Sending, open_sending
from landmark_emotion.show.video_file import Recorder
from landmark_emotion.sources.addresses import without_password
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.video import RECONNECT, SEQUENCE_FPS, Probe, probe

Results = Iterator[tuple[Frame, list[Prediction]]]


def watch(args: argparse.Namespace, sources: list[str], *, live: bool) -> int:
    """Recognize the emotions in one source after another; return the exit status.

    It is 1 if no source gave a result, a camera was lost or a profile was not stored. If ``live``,
    the delay of each result is reported instead of the progress.
    """
    _check(args, sources)
    with contextlib.ExitStack() as stack:
        window = stack.enter_context(windows.Window("landmark_emotion")) if args.show else None
        recognizer = open_recognizer(args)
        account = stack.enter_context(
            Account("source" if live else "video", len(sources), args.output)
        )
        seen = args.show or args.send or args.record is not None
        if seen and any(probe(source).fps is None for source in sources):
            # A file can wait for the reader of its rows; a camera cannot.
            stack.enter_context(nonblocking_stdout(say))
        as_text = functools.partial(FrameTextWriter, every_frame=args.every_frame)
        writer = stack.enter_context(open_writer(args, as_text, recognizer.model.emotions))
        shown_source = without_password(sources[0])
        sending = stack.enter_context(
            open_sending(
                args.send,
                say,
                source=shown_source,
                landmarks=args.landmarks,
                emotions=recognizer.model.emotions,
            )
        )
        baselines = None
        if not live and (args.people or args.baseline):
            baselines = open_video_baselines(args, sources, recognizer)
            writer.people = baselines.people.person_of
        session = _Session(
            args,
            recognizer,
            writer,
            window=window,
            sending=sending,
            account=account,
            live=live,
            baselines=baselines,
            profile=recognizer.calibration.profile,
        )
        for source in sources:
            if not session.watch(source):
                break
    return 0 if account.n_read and not session.failed else 1


def _file(source: str, known: Probe) -> Path | None:
    """Return the file of a video; None for any other source."""
    return Path(source) if known.fps is not None and Path(source).is_file() else None


def _check(args: argparse.Namespace, sources: list[str]) -> None:
    """Check before the work begins that the options fit and the results can be written."""
    n_sources = len(sources)
    check_references(args)
    stores_profile = args.profile is not None and args.calibrate is not None
    if n_sources != 1 and (args.record is not None or stores_profile):
        option = "--profile with --calibrate" if stores_profile else "--record"
        args.usage_error(f"{option}: takes one video, got {n_sources}")
    if args.record is not None and os.path.realpath(args.record) in map(os.path.realpath, sources):
        raise OutputError(f"{args.record}: is the video to read; choose another name for --record")
    check_output(args)
    check_hiding(args, min_face=80)
    if stores_profile:
        check_writable(profile_path(args.profile))


@dataclass
class _Session:
    """The state of one run."""

    args: argparse.Namespace
    recognizer: Recognizer
    writer: Writer
    _: KW_ONLY
    window: windows.Window | None
    sending: Sending
    account: Account
    live: bool
    baselines: Baselines | None
    profile: NeutralReference | None  # of people without another baseline
    failed: bool = False  # a camera was lost or a profile not stored

    def watch(self, source: str) -> bool:
        """Recognize the emotions in one source; return False if the user has closed the window."""
        args, name = self.args, without_password(source)
        self.recognizer.reset()
        known = probe(source)
        # The camera command has no parts.
        part = {"start": getattr(args, "start", 0.0), "end": getattr(args, "end", math.inf)}
        expected = _expected_frames(known, **part)
        status = Status(live=self.live, expected=expected)
        profile = None if args.profile is None else profile_path(args.profile)
        calibrator = Calibrator(self.recognizer, profile, self.writer.notify)
        if not self._use_baseline(name) and isinstance(args.calibrate, float):
            calibrator.start(args.calibrate)
        open_, before = True, self.writer.n_results
        try:
            with contextlib.ExitStack() as stack:
                recorder = None
                if args.record is not None:
                    recorder = Recorder(
                        args.record,
                        known.fps or SEQUENCE_FPS,
                        sound=None if args.no_audio else _file(source, known),
                        notify=self.writer.notify,
                    )
                    stack.enter_context(recorder)
                view = View(
                    self.recognizer.model,
                    calibrator,
                    window=self.window,
                    recorder=recorder,
                    notify=self.writer.notify,
                    pose=args.show_pose,
                    paced=known.fps is not None and bool(self.window or args.send),
                    blur=args.blur,
                    landmarks_only=args.landmarks_only,
                )
                stack.callback(view.close)
                stream = self.recognizer.stream(
                    source,
                    self.writer.notify,
                    reconnect=getattr(args, "reconnect", RECONNECT),
                    every=args.every,
                    **part,
                )
                stack.enter_context(contextlib.closing(stream))
                open_ = self._run(name, self._with_bar(stream, expected), status, view)
        except SourceError as error:
            self.account.fail(self.writer, name, error, last=status.last)
            self.failed |= status.last is not None and known.fps is None
        finally:
            self.account.n_read += self.writer.n_results > before
        if status.n_frames:
            self.writer.notify(f"{name}: {status.summary()}")
        calibrator.finish()
        self.failed |= calibrator.unsaved
        return open_

    def _use_baseline(self, name: str) -> bool:
        """Compare with the baseline of the video's person; return whether there is one."""
        own = None if self.baselines is None else self.baselines.reference(name)
        self.recognizer.calibration.profile = own or self.profile
        self.recognizer.calibration.selective = own is not None
        return own is not None

    def _run(self, name: str, results: Results, status: Status, view: View) -> bool:
        before = None
        in_place = isinstance(self.writer, FrameTextWriter) and self.writer.in_place
        for n_frames, (frame, predictions) in enumerate(results, start=1):
            self.sending.send(name, frame, predictions, self.writer.people.get(name, ""))
            status.count(frame)
            self.writer.set_status(status.line(len(predictions)))
            shown = [(prediction.number, prediction.emotion) for prediction in predictions]
            if in_place or not self.args.changes_only or shown != before:
                self.writer.write(name, frame.index, frame.time, predictions)
            before = shown
            view.tell(view.calibrator.after_frame(), frame)
            if not view.show(frame, predictions, status.rate):
                return False
            if n_frames == self.args.max_frames:
                break
        return True

    def _with_bar(self, results: Results, expected: range | None) -> Results:
        rows_seen = (
            isinstance(self.writer, FrameTextWriter)
            and self.args.output is None
            and is_live_terminal()
        )
        if self.live or rows_seen:  # the status line shows the progress
            yield from results
            return
        from tqdm import tqdm

        total = None if expected is None else len(expected)
        first = 0 if expected is None else expected.start
        with tqdm(
            total=total, unit=" frames", disable=None, dynamic_ncols=True, leave=False
        ) as bar:
            for frame, predictions in results:
                yield frame, predictions
                bar.update(frame.index + 1 - first - bar.n)


def _expected_frames(known: Probe, start: float, end: float) -> range | None:
    """Return the indices of the frames of a part of a source, if they are known."""
    if known.n_frames is None or known.fps is None:
        return None
    first, last = (round(min(time * known.fps, known.n_frames)) for time in (start, end))
    return range(first, last)
