"""Shares, durations and counts as text, the same for console, windows, plots and pages."""

import math

_PLURALS = {"person": "people"}


def percent(share: float, digits: int = 1) -> str:
    """Format a share of 1 in percent, live values with 0 digits, all others with one.

    A share above 0 never reads 0 %, and NaN gives an empty text.
    """
    if math.isnan(share):
        return ""
    if 0 < share < 0.5 * 10**-digits / 100:
        return f"< {10**-digits:.{digits}f} %"
    return f"{100 * share:.{digits}f} %" if share else "0 %"


def interval(low: float, high: float) -> str:
    """Format the ends of a confidence interval, both shares of 1."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def points(difference: float) -> str:
    """Format a difference of two shares of 1, with its sign, in percentage points."""
    return f"{100 * difference:+.1f}"


def plural(n: int, noun: str) -> str:
    """Format a number of things, or of people for the noun person."""
    return f"{n:,} {_PLURALS.get(noun, noun + 's') if n != 1 else noun}"


def clock(seconds: float, *, hours: bool = False, tenths: bool = False) -> str:
    """Format a time as min:s, or h:min:s."""
    count = round(10 * seconds) if tenths else 10 * round(seconds)
    minutes, rest = divmod(count, 600)
    text = f"{rest // 10:02d}" + (f".{rest % 10}" if tenths else "")
    return f"{minutes // 60}:{minutes % 60:02d}:{text}" if hours else f"{minutes}:{text}"


def duration(seconds: float) -> str:
    """Format a duration with its unit."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{clock(seconds)} min" if seconds < 3600 else f"{clock(seconds, hours=True)} h"
