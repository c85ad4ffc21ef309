"""A run's result as people and programs read it: terminal, JSON, Markdown and JUnit, all from one model."""
