"""Clear a BGP session, and see it come up anew at both ends."""

from routebook.run.parameters import Parameter
from routebook.run.runbook import Act, Runbook
from tasks.clear import clear_session, cleared, one_end

runbook = Runbook(
    steps=(Act("clear the session {session}", one_end, clear_session, checks=(cleared,)),),
    parameters=(Parameter("session", "session", "the session's name in the inventory"),),
)
