"""What the network is meant to be: read from the inventory, checked as a whole, derived for each host."""

from routebook.intent.load import load
from routebook.intent.model import HostIntent
from routebook.intent.network import Network
from routebook.intent.problem import IntentError, Mark, Problem

__all__ = ["HostIntent", "IntentError", "Mark", "Network", "Problem", "load"]
