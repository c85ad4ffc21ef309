"""Cisco ASA configurations: reading them without loss, and the exact commands from one to another and back."""

from routebook.platforms.asa.config.command import Block, typed
from routebook.platforms.asa.config.device import Device, apply
from routebook.platforms.asa.config.difference import Delta, EncryptedSecretsError, difference, restoration
from routebook.platforms.asa.config.fingerprint import canonical, fingerprint
from routebook.platforms.asa.config.redaction import MaskedSecretError, redact, secrets
from routebook.platforms.asa.config.tree import Config, Node, parse

__all__ = [
    "Block",
    "Config",
    "Delta",
    "Device",
    "EncryptedSecretsError",
    "MaskedSecretError",
    "Node",
    "apply",
    "canonical",
    "difference",
    "fingerprint",
    "parse",
    "redact",
    "restoration",
    "secrets",
    "typed",
]
