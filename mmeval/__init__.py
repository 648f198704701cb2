"""mmeval: did this multimodal checkpoint get better or worse?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmeval.evaluation import Run as Run
    from mmeval.evaluation import evaluate as evaluate
    from mmeval.exporting.table import figures as figures
    from mmeval.requests import Settings as Settings

__version__ = "0.1.0"
__all__ = ["Run", "Settings", "evaluate", "figures"]


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that `import mmeval` and the command's --help stay quick.
    if name == "figures":
        from mmeval.exporting.table import figures

        return figures
    if name in __all__:
        from mmeval import evaluation as module

        return getattr(module, name)
    raise AttributeError(f"module 'mmeval' has no attribute {name!r}")
