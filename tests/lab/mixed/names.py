"""What is where in the networks of an ASA and an edge."""

FIREWALL, EDGE = "fw1", "edge1"
TUNNEL = "edge1--fw1"
OUTSIDE = {FIREWALL: "198.51.100.11", EDGE: "198.51.100.31"}
INNER = {EDGE: "10.255.200.0", FIREWALL: "10.255.200.1"}
SPEAKER = "10.1.0.21"
KEY = f"secrets/{TUNNEL}.psk"
