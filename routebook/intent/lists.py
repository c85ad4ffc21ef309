"""Reads the entries of prefix lists, community lists and AS path lists."""

import re
from collections.abc import Sequence

from routebook.intent.fields import community, large, lengths_rise, network
from routebook.intent.list_model import AsPathList, ListRule
from routebook.intent.model import CommunityList, PrefixList, PrefixRule
from routebook.intent.policy_schema import CommunityRulesInput
from routebook.intent.problem import Mark, Problems

_RULE = re.compile(r"(?:seq (\d+) )?(permit|deny) (\S+)(?: ge (\d+))?(?: le (\d+))?")
_RULE_FORM = "write `permit PREFIX [ge LENGTH] [le LENGTH]`, or deny; `any4` and `any6` are prefixes too"
_LIST_RULE = re.compile(r"(?:seq (\d{1,10}) )?(permit|deny) (\S(?:.*\S)?)")
_STEP_LIST = 5


def prefix_rule(written: object, index: int, mark: Mark, problems: Problems) -> PrefixRule | None:
    """An entry of a prefix list; None, reported, where it is none."""
    found = _RULE.fullmatch(" ".join(written.split())) if isinstance(written, str) else None
    if found is None:
        problems.error(mark, f"{written!r} is no rule of a prefix list", _RULE_FORM)
        return None
    seq, action, text, ge, le = found.groups()
    if text in ("any4", "any6"):
        text, le = ("0.0.0.0/0", le or "32") if text == "any4" else ("::/0", le or "128")
    try:
        prefix = network(text)
    except ValueError as error:
        problems.error(mark, str(error), "correct the prefix")
        return None
    low, high = int(ge) if ge else None, int(le) if le else None
    if not lengths_rise(prefix, low, high):
        problems.error(
            mark,
            f"{written!r} matches nothing",
            f"lengths rise: {prefix.prefixlen} <= ge <= le <= {prefix.max_prefixlen}",
        )
        return None
    return PrefixRule(
        seq=int(seq) if seq else (index + 1) * _STEP_LIST,
        action="permit" if action == "permit" else "deny",
        prefix=prefix,
        ge=low,
        le=high,
    )


def prefix_list(name: str, rules: list[PrefixRule], mark: Mark, problems: Problems) -> PrefixList | None:
    """A prefix list of its entries; None, reported, where they do not fit together."""
    if not rules:
        problems.error(mark, f"prefix list {name!r} is empty: it would be taken for `permit any`", "add a rule")
        return None
    versions = {rule.prefix.version for rule in rules}
    if len(versions) > 1:
        problems.error(mark, f"prefix list {name!r} mixes IPv4 and IPv6", "make two lists of it")
        return None
    if len({rule.seq for rule in rules}) < len(rules):
        problems.error(mark, f"prefix list {name!r} has a sequence number twice", "number all of its rules, or none")
        return None
    return PrefixList(
        name=name, family="ipv4" if versions == {4} else "ipv6", rules=tuple(sorted(rules, key=lambda r: r.seq))
    )


def community_list(
    name: str, written: tuple[str, ...] | CommunityRulesInput, mark: Mark, problems: Problems
) -> CommunityList | None:
    """A community list, of communities or entry by entry; None, reported, where it is wrong."""
    if name.isdigit():
        problems.error(mark, f"community list {name!r}: a daemon takes a number for another kind", "give it a name")
        return None
    if not isinstance(written, CommunityRulesInput):
        if not written:
            problems.error(mark, f"community list {name!r} is empty", "list what it permits, or remove it")
        elif len({large(each) for each in written}) > 1:
            problems.error(
                mark, f"community list {name!r} mixes standard and large communities", "make two lists of it"
            )
        else:
            return CommunityList(name=name, permit=written, large=large(written[0]))
        return None
    given = written.given()
    if len(given) != 1:
        problems.error(
            mark, f"community list {name!r} is of one kind", "write standard, expanded, large or large_expanded"
        )
        return None
    ((kind, texts),) = given.items()
    expanded = kind.endswith("expanded")
    rules = list_rules(f"community list {name!r}", texts, written.mark(kind), problems)
    if rules is not None and not expanded:
        rules = _of_communities(rules, kind == "large", written.mark(kind), problems)
    if rules is None:
        return None
    simple = not expanded and all(rule.action == "permit" and " " not in rule.text for rule in rules)
    stepped = all(rule.seq == (index + 1) * _STEP_LIST for index, rule in enumerate(rules))
    if simple and stepped:
        return CommunityList(name=name, permit=tuple(rule.text for rule in rules), large=kind == "large")
    return CommunityList(name=name, large=kind.startswith("large"), rules=rules, expanded=expanded)


def as_path_list(name: str, written: Sequence[str], mark: Mark, problems: Problems) -> AsPathList | None:
    """An AS path list; None, reported, where it is wrong."""
    rules = list_rules(f"AS path list {name!r}", written, mark, problems)
    return AsPathList(name=name, rules=rules) if rules is not None else None


def list_rules(what: str, written: Sequence[str], mark: Mark, problems: Problems) -> tuple[ListRule, ...] | None:
    """The entries of a list, in order; None, reported, where one is wrong."""
    found: list[ListRule] = []
    for index, text in enumerate(written):
        match = _LIST_RULE.fullmatch(" ".join(text.split()))
        if match is None or not text.isprintable():
            problems.error(mark, f"{what}: {text!r} is no entry", "write `permit …` or `deny …`")
            return None
        seq, action, rest = match.groups()
        number = int(seq) if seq else (index + 1) * _STEP_LIST
        found.append(ListRule(seq=number, action="permit" if action == "permit" else "deny", text=rest))
    if not found:
        problems.error(mark, f"{what} is empty", "list what it permits, or remove it")
        return None
    if len({rule.seq for rule in found}) < len(found):
        problems.error(mark, f"{what} has a sequence number twice", "number all of its entries, or none")
        return None
    return tuple(sorted(found, key=lambda rule: rule.seq))


def _of_communities(
    rules: tuple[ListRule, ...], is_large: bool, mark: Mark, problems: Problems
) -> tuple[ListRule, ...] | None:
    """Entries of which each names communities that a route must have, all of them."""
    found = []
    for rule in rules:
        try:
            words = [community(word) for word in rule.text.split()]
        except ValueError as error:
            problems.error(mark, str(error), "correct it, or make it an expanded list")
            return None
        if any(large(word) != is_large for word in words):
            problems.error(mark, f"{rule.text!r} is of the other kind", "write large for N:N:N, standard for others")
            return None
        found.append(ListRule(seq=rule.seq, action=rule.action, text=" ".join(words)))
    return tuple(found)
