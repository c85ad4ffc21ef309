"""Cisco ASA configurations: reading them without loss, and the exact commands from one to another and back."""

from custom_napalm.asa.config.command import Block, typed
from custom_napalm.asa.config.device import Device, apply
from custom_napalm.asa.config.difference import Delta, EncryptedSecretsError, difference, restoration
from custom_napalm.asa.config.fingerprint import canonical, fingerprint
from custom_napalm.asa.config.redaction import MaskedSecretError, redact, secrets
from custom_napalm.asa.config.tree import Config, Node, parse

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
