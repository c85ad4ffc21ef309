"""Routebook runs network runbooks as transactions: render, plan, arm, push, verify, confirm or roll back."""

__version__ = "0.1.0"
