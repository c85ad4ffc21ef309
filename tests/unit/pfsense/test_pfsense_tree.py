"""config.xml is compared by what it means to pfSense, not by its bytes."""

import pytest

from routebook.platforms.pfsense.tree import ConfigError, equal, fingerprint, parse
from tests.unit.pfsense.configurations import CONFIG


def of(inner: str) -> str:
    return f"<pfsense>{inner}</pfsense>"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a><descr>x &amp; y</descr></a>", "<a><descr><![CDATA[x &amp; y]]></descr></a>"),
        ("<a><descr>caf&eacute;</descr></a>", "<a><descr><![CDATA[café]]></descr></a>"),
        ("<a><enable/></a>", "<a><enable></enable></a>"),
        ("<a><enable/></a>", "<a>\n\t<enable>\n</enable></a>"),
        ("<a><b>1</b><c>2</c></a>", "<a><c>2</c><!-- a comment --><b>1</b></a>"),
        ("<a x='1'>1</a>", "<A>1</A>"),
        ("<a>1</a><revision><time>1</time></revision>", "<a>1</a><revision><time>2</time></revision>"),
    ],
    ids=["cdata", "html-entity", "presence", "blank", "order-of-names", "attribute-and-case", "revision"],
)
def test_what_means_the_same_has_one_fingerprint(one: str, other: str) -> None:
    assert fingerprint(parse(of(one))) == fingerprint(parse(of(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a><disabled/></a>", "<a></a>"),
        ("<a><item>1</item><item>2</item></a>", "<a><item>2</item><item>1</item></a>"),
        ("<a><b>1</b></a>", "<a><b> 1</b></a>"),
        ("<a><b>1</b></a>", "<a><b>1</b><b>1</b></a>"),
    ],
    ids=["presence", "order-in-a-list", "space", "twice"],
)
def test_what_differs_has_another_fingerprint(one: str, other: str) -> None:
    assert fingerprint(parse(of(one))) != fingerprint(parse(of(other)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CONFIG.replace("</system>", ""), "line 80: mismatched tag"),
        (CONFIG[: len(CONFIG) // 2], "no element found"),
        ("", "no element found"),
        ("<opnsense></opnsense>", "begins with <opnsense>"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><pfsense>&x;</pfsense>', "document type"),
    ],
    ids=["mismatched", "cut-short", "empty", "another-system", "entities"],
)
def test_a_broken_file_is_an_error_that_says_where(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(text)


def test_a_copy_is_equal_and_another() -> None:
    root = parse(CONFIG)
    copy = root.copy()
    copy.made("ipsec", "client", "enable")
    assert not equal(root, copy)
    assert equal(root, parse(CONFIG))
