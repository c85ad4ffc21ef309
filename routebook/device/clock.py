"""How far a device's clock is from this machine's."""


def offset(said: float, begun: float, ended: float, step: float = 1.0) -> float:
    """By how many seconds a device's clock is ahead, at least: it said a time between two moments of this machine's.

    All are seconds since the epoch; `step` is what the device's answer is cut to. 0 where it may be right.
    """
    if said > ended:
        return said - ended
    return min(0.0, said + step - begun)
