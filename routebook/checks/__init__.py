"""Pure functions from (intent, state before, state now) to findings; nothing here does I/O."""
