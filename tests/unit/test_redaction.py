"""A secret is found in whatever a program has made of it, and nothing else is touched."""

import base64
import html
import json
import random
import shlex
import string
import textwrap
import time
import urllib.parse
from collections.abc import Callable, Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routebook.redaction.gate import as_json, clean, one_line, visible
from routebook.redaction.redactor import OF_THIS_PROCESS, REDACTED, SHORTEST, Redactor

SECRETS = ["hunter2", "correct horse battery staple", "a\"b\\c'd e/ü&x<y", "p%41ss=3Dw0rd", "Zürich-Ω-🙂", "x" * 90]


def wrapped(text: str, prefix: str = "") -> str:
    return "\n".join(prefix + line for line in textwrap.wrap(text, 64))


def encoded(secret: str, before: str = "", after: str = "") -> str:
    return base64.b64encode(f"{before}{secret}{after}".encode()).decode()


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "itself": str,
    "JSON": json.dumps,
    "JSON, not only ASCII": lambda secret: json.dumps(secret, ensure_ascii=False),
    "JSON as PHP writes it": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret)),
    "Python": repr,
    "Python's bytes": lambda secret: repr(secret.encode()),
    "a shell": shlex.quote,
    "a shell, with backslashes": lambda secret: "'" + secret.replace("'", "'\\''") + "'",
    "PHP": lambda secret: "'" + secret.replace("\\", "\\\\").replace("'", "\\'") + "'",
    "YAML or SQL": lambda secret: "'" + secret.replace("'", "''") + "'",
    "\\u": lambda secret: json.dumps(secret + "é")[1:-7] if secret.isascii() else json.dumps(secret)[1:-1],
    "\\x of each byte": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "\\X in capitals": lambda secret: "".join(f"\\x{byte:02X}" for byte in secret.encode()),
    "octal": lambda secret: "".join(f"\\{byte:03o}" for byte in secret.encode()),
    "percent": lambda secret: urllib.parse.quote(secret, safe=""),
    "percent, in lower case, of each byte": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "a form": urllib.parse.quote_plus,
    "XML": html.escape,
    "XML, with other quotes": lambda secret: html.escape(secret).replace("&quot;", "&#34;").replace("&#x27;", "&apos;"),
    "XML by numbers": lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    "XML by hexadecimal numbers": lambda secret: "".join(f"&#x{ord(character):X};" for character in secret),
    "quoted-printable": lambda secret: "".join(f"={byte:02X}" for byte in secret.encode()),
    "UTF-16 with its zeros shown": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode("utf-16-le")),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "hexadecimal in capitals": lambda secret: secret.encode().hex().upper(),
    "hexadecimal with colons": lambda secret: secret.encode().hex(":"),
    "hexadecimal with blanks": lambda secret: secret.encode().hex(" ", 2),
    "hexadecimal as C writes it": lambda secret: ", ".join(f"0x{byte:02X}" for byte in secret.encode()),
    "hexadecimal of UTF-16": lambda secret: secret.encode("utf-16-be").hex(),
    "hexadecimal over lines": lambda secret: wrapped(secret.encode().hex(), "+ "),
    "base64": encoded,
    "base64 without padding": lambda secret: encoded(secret).rstrip("="),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "base64 of text with it, one before": lambda secret: encoded(secret, "u"),
    "base64 of text with it, two before": lambda secret: encoded(secret, "u:", " and more"),
    "base64 of text with it, three before": lambda secret: encoded(secret, "us:", "."),
    "base64 over lines": lambda secret: wrapped(encoded(secret, "k" * 44, "z" * 70)),
    "base64 over lines of a difference": lambda secret: wrapped(encoded(secret, "k" * 44, "z" * 70), "+ "),
    "base64 over lines of a tight difference": lambda secret: wrapped(encoded(secret, "k" * 44, "z" * 70), "-"),
    "base64 of UTF-16": lambda secret: base64.b64encode(secret.encode("utf-16-le")).decode(),
    "base64 in JSON of PHP": lambda secret: json.dumps(encoded(secret)).replace("/", "\\/"),
    "base64 in a URL": lambda secret: urllib.parse.quote(encoded(secret), safe=""),
    "percent in JSON": lambda secret: json.dumps("".join(f"%{byte:02x}" for byte in secret.encode())),
    "over the end of a line": lambda secret: f"{secret[:4]}\n+ {secret[4:]}",
    "escapes mixed": lambda secret: f"&#{ord(secret[0])};%{secret.encode()[1]:02x}{secret[2:]}"
    if secret.isascii() else secret,
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_in_every_spelling(secret: str, spelling: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    written = SPELLINGS[spelling](secret)
    scrubbed = redactor.scrub(f"before {written} after")
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    assert REDACTED in scrubbed
    assert written not in scrubbed


def test_what_is_around_a_secret_in_base64_tells_none_of_its_bytes() -> None:
    redactor = Redactor()
    redactor.add("hunter2")
    for before in ("u", "u:", "us:", "use:"):
        whole = encoded("hunter2", before, " and more")
        first, _, last = redactor.scrub(whole).partition(REDACTED)
        assert len(first) * 6 <= len(before) * 8
        assert (len(whole) - len(last)) * 6 >= (len(before) + len("hunter2")) * 8


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("SGVsbG8gd29ybGQh", "48656c6c6f20776f726c6421"),  # a key in base64, as hexadecimal
        ("0sSGVsbG8gd29ybGQh", b"Hello".hex() + b" world!".hex()),  # as strongSwan takes it
        ("48656c6c6f20776f726c6421", "SGVsbG8gd29ybGQh"),
        ("0x48656c6c6f20776f726c6421", "48:65:6C:6C:6F:20:77:6F:72:6C:64:21"),
    ],
)
def test_a_key_in_one_encoding_is_found_in_another(secret: str, shown: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    assert redactor.scrub(f"key {shown}.") == f"key {REDACTED}."


def test_a_secret_that_contains_another_leaves_no_rest() -> None:
    redactor = Redactor()
    redactor.add("abcdef")
    redactor.add("abcdefgh")
    assert redactor.scrub("x abcdefgh y abcdef") == f"x {REDACTED} y {REDACTED}"


def test_secrets_that_overlap_leave_no_rest() -> None:
    redactor = Redactor()
    redactor.add("abcdefgh")
    redactor.add("efghijkl")
    assert redactor.scrub("x abcdefghijkl y") == f"x {REDACTED} y"


def test_scrubbing_again_changes_nothing() -> None:
    redactor = Redactor()
    redactor.add("secret")
    redactor.add("secret>x")
    for text in ("the secret is secret>x", "<secret>", "<secret>x"):
        once = redactor.scrub(text)
        assert redactor.scrub(once) == once


def test_a_short_secret_goes_as_a_word_and_leaves_every_other_word() -> None:
    redactor = Redactor()
    redactor.add("e")
    redactor.add("no1")
    text = "neighbor edge1 e key=e 'e' 0se no1 no12 xno1 e"
    told = redactor.scrub(text)
    assert told == "neighbor edge1 <secret> key=<secret> '<secret>' <secret> <secret> no12 xno1 <secret>"


def test_json_keeps_its_keys_apart_and_is_valid_whatever_the_secrets_are() -> None:
    for secret in ("a", "host-a", '"', "{", "\\", "null", "1"):
        OF_THIS_PROCESS.add(secret)
    data = {"a": "is a", "b": {"host-a": ["host-a", 1, None, True, '"']}, "\x1b": "\x1b", "\x7f": "\x7f\ud800"}
    read = json.loads(as_json(data))
    assert read == {
        "a": f"is {REDACTED}",
        "b": {"host-a": [REDACTED, 1, None, True, REDACTED]},
        "\x1b": r"\x1b",
        "\x7f": r"\x7f\ud800",
    }
    assert all(" " <= character <= "~" or character == "\n" for character in as_json(data))


def test_large_texts_and_many_secrets_take_seconds_at_most() -> None:
    chance = random.Random(7)  # noqa: S311  not for secrets
    redactor = Redactor()
    for _ in range(500):
        redactor.add("".join(chance.choices(string.ascii_letters + string.digits, k=24)))
    words = "".join(chance.choices(string.ascii_lowercase + "     \n", k=300_000))
    for text in (words, "\\" * 300_000, "%41&#65;\\x41=41".ljust(120, "x") * 2_500, "\n" * 300_000, "a1 " * 100_000):
        begun = time.process_time()
        assert redactor.scrub(text) == text
        assert time.process_time() - begun < 20


texts = st.text(st.characters(codec=None) | st.sampled_from("\x1b\x9b\x07\u202e\u200b\u2028\ud800[]/\\%&=;x0 \n\t<>"))
secrets = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=SHORTEST)


@given(texts, texts, secrets, st.sampled_from(sorted(SPELLINGS)))
def test_nothing_that_passes_the_gate_holds_a_secret_or_steers(
    before: str, after: str, secret: str, spelling: str
) -> None:
    assume(secret not in REDACTED)
    OF_THIS_PROCESS.forget()
    OF_THIS_PROCESS.add(secret)
    text = before + secret + after
    for passed in (clean(text), one_line(text), clean(SPELLINGS[spelling](secret))):
        assert secret not in passed
        assert REDACTED in passed
        assert all(character == "\n" or character.isprintable() for character in passed)
        assert clean(passed) == passed
    assert "\n" not in one_line(text)
    assert secret not in as_json({"key": text, "list": [after]})


words = st.lists(st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1), max_size=30)


@given(words, st.text(string.ascii_letters, min_size=20, max_size=30))
def test_plain_words_pass_unchanged(words: list[str], secret: str) -> None:
    text = " ".join(words)
    assume(secret not in text)
    OF_THIS_PROCESS.forget()
    assert clean(text) == text
    OF_THIS_PROCESS.add(secret)
    assert clean(text) == text


@pytest.mark.parametrize("text", ["Zürich", "→ ✓ … –", "漢字 한글 ελληνικά кириллица עברית العربية", "é", "🙂"])
def test_text_of_people_stays_readable(text: str) -> None:
    assert visible(text) == text


RANGES = ((0, 8), (0x0B, 0x1F), (0x7F, 0x9F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xD800, 0xD802))
OTHERS = "\ufeff\ufffe\uffff\udfff\xad\u061c\u180e\u3164\ufe0f\U000e0041\U000e0100"


@pytest.mark.parametrize(
    "character", [*OTHERS, *(chr(n) for first, last in RANGES for n in range(first, last + 1))], ids=ascii
)
def test_what_steers_or_hides_is_seen(character: str) -> None:
    shown = visible(f"a{character}b")
    assert shown.isascii()
    assert shown.startswith("a\\")
    assert shown.endswith("b")
