"""Print what `landmark-emotion webcam --send lsl` sends; needs pylsl."""

import math

import pylsl

(stream,) = pylsl.resolve_byprop("name", "landmark_emotion", minimum=1, timeout=60)
inlet = pylsl.StreamInlet(stream)

names = []
channel = inlet.info().desc().child("channels").child("channel")
while not channel.empty():
    names.append(channel.child_value("label"))
    channel = channel.next_sibling()

while True:
    sample, timestamp = inlet.pull_sample()
    values = dict(zip(names, sample, strict=True))
    # The time of the capture, by the clock of this computer.
    captured = timestamp + inlet.time_correction()
    if math.isnan(values["face"]):
        print(f"{captured:.3f}: no face", flush=True)
    else:
        print(f"{captured:.3f}: face {values['face']:.0f}: {values['p_happiness']:.2f}", flush=True)
