"""What outsiders and insiders can work out from tables; shares nothing with the engine."""

from kostra_publish.disclosure.attack.attack import Begun, Insight, attack
from kostra_publish.disclosure.attack.verdict import Verdict

__all__ = ["Begun", "Insight", "Verdict", "attack"]
