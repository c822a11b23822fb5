"""Property tests without a clock: a busy machine is no failure. The same examples every time."""

from hypothesis import settings

settings.register_profile("genx", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("genx")
