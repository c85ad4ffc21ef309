"""Make a tunnel anew, a wedged one too, and see fresh SAs at both ends."""

from routebook.run.parameters import Parameter
from routebook.run.runbook import Act, Runbook
from tasks.rekey import remade, restart_tunnel, starting_end

runbook = Runbook(
    steps=(Act("make the tunnel {tunnel} anew", starting_end, restart_tunnel, checks=(remade,)),),
    parameters=(Parameter("tunnel", "tunnel", "the tunnel's name in the inventory"),),
)
