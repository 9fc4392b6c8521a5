"""A film as it is made, in a window."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from rlbench.envs.pictured import has_screen
from rlbench.errors import ReportError
from rlbench.extras import install_command
from rlbench.interfaces import Array


def check_can_show() -> None:
    """Raise ReportError where no window can be opened here."""
    if not has_screen():
        raise ReportError("no screen here to open a window on; --out FILE.mp4 writes a film")
    if importlib.util.find_spec("pygame") is None:
        raise ReportError(f"a window needs pygame: {install_command('video')}")


def show(pictures: Iterator[Array], per_s: float, title: str) -> int:
    """Show the frames at their speed, until they or the window end; returns how many were shown."""
    import pygame

    pygame.display.init()
    try:
        pygame.display.set_caption(title)
        clock, count, window = pygame.time.Clock(), 0, None
        for picture in pictures:
            if any(event.type == pygame.QUIT for event in pygame.event.get()):
                break
            height, width, _ = picture.shape
            window = window or pygame.display.set_mode((width, height))
            surface = pygame.image.frombuffer(picture.tobytes(), (width, height), "RGB")
            window.blit(surface, (0, 0))
            pygame.display.flip()
            clock.tick(per_s)
            count += 1
        return count
    finally:
        pygame.display.quit()
