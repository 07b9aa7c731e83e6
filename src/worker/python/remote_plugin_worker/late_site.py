"""What packages have Python run when it starts, for a worker that is to be bound first.

An environment's folders may have files that end in `.pth`, which Python runs, and so may a module `sitecustomize`. The host starts such a
worker by `-S`, which leaves all of that out.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RUNS_CODE = ("addpackage", "execsitecustomize", "execusercustomize")


class LateSite:
    """The module `site` in two steps: first its folders are found, and later their code is run."""

    def __init__(self) -> None:
        import site

        self._site = site
        self._files: list[tuple[str, str]] = []
        kept = {name: getattr(site, name) for name in RUNS_CODE}
        vars(site).update(dict.fromkeys(RUNS_CODE, lambda: None), addpackage=self._remember)
        site.main()
        vars(site).update(kept)

    def run_code(self) -> None:
        """For a worker that is bound. A folder that such a file adds to the path is none that may be read for that."""
        site: Any = self._site
        for folder, name in self._files:
            site.addpackage(folder, name, None)
        site.execsitecustomize()
        if site.ENABLE_USER_SITE:
            site.execusercustomize()

    def _remember(self, folder: str, name: str, known: Any) -> Any:
        self._files.append((folder, name))
        return known
