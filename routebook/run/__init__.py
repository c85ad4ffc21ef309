"""One run over many hosts: plans, waves, dead-man timers, journal, locks, rollback and recovery."""
