import sys
import typing as t
from typing import TYPE_CHECKING
from typing import TYPE_CHECKING as CHECKING

from . import scales
from .scales import read as read_scales, missing_name

if TYPE_CHECKING:
    from .fruit.apple import Apple
elif t.TYPE_CHECKING or CHECKING:
    from .fruit.pear import Pear
else:
    from .fallback import Apple

if sys.version_info < (3,):
    from .oldstyle import text
elif sys.platform == "win32":
    from . import windows
else:
    from . import posix

if False:
    import orchard.oldstyle

if sys.version_info >= (3, 12):
    import orchard.modern


class Basket:
    # from .fruit import nothing
    """import orchard.never"""

    def add(self, fruit: "Apple") -> None:
        from orchard.storage import shelf

        shelf.put(fruit)


def weigh(basket):
    try:
        from . import _speedups
    except ImportError:
        from .slow import weigh_slowly
