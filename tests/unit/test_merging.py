"""Taking back one change of several gives what is there without it, or says where that is not to be had."""

from hypothesis import given
from hypothesis import strategies as st

from routebook.device.merging import Item, Path, take_back

SECRET = "password s3cret"
names = st.sampled_from("abc")
values = st.sampled_from(["1", "2", SECRET])
leaves = values.map(lambda value: Item((value,)))
trees = st.recursive(
    st.dictionaries(names, leaves, max_size=3).map(lambda items: Item(items=items)),
    lambda inner: st.builds(
        lambda value, items: Item((value,), items), values, st.dictionaries(names, leaves | inner, max_size=3)
    ),
    max_leaves=6,
)
roots = st.dictionaries(names, leaves | trees, max_size=3).map(lambda items: Item(items=items))


def redact(text: str) -> str:
    return text.replace("s3cret", "<secret>")


def lines(item: Item) -> set[tuple[Path, str]]:
    return set(item.walk())


@given(roots, roots)
def test_without_a_later_change_it_is_exactly_what_was_before(before: Item, made: Item) -> None:
    found = take_back(before, made, made, redact)
    assert (found.item, found.overlaps) == (before, ())


@given(roots, roots)
def test_what_is_taken_back_already_stays_so(before: Item, made: Item) -> None:
    found = take_back(before, made, before, redact)
    assert (found.item, found.overlaps) == (before, ())


@given(roots, roots, roots)
def test_what_is_not_in_the_way_goes_and_comes_line_by_line_and_nothing_else(
    before: Item, made: Item, now: Item
) -> None:
    found = take_back(before, made, now, redact)
    if not found.overlaps:
        assert lines(found.item) == (lines(now) - (lines(made) - lines(before))) | (lines(before) - lines(made))


@given(roots, roots, roots, roots)
def test_changes_of_different_objects_never_meet(before: Item, made: Item, other: Item, later: Item) -> None:
    def both(left: Item, right: Item) -> Item:
        return Item(
            items={**{f"l{n}": i for n, i in left.items.items()}, **{f"r{n}": i for n, i in right.items.items()}}
        )

    found = take_back(both(before, other), both(made, other), both(made, later), redact)
    assert found.overlaps == ()
    assert lines(found.item) == lines(both(before, later))


@given(values, values, values)
def test_one_setting_that_both_changed_is_in_the_way(before: str, made: str, now: str) -> None:
    roots = [Item(items={"a": Item(items={"b": Item((value,))})}) for value in (before, made, now)]
    found = take_back(roots[0], roots[1], roots[2], redact)
    assert bool(found.overlaps) == (len({before, made, now}) == 3)
    assert "s3cret" not in str(found.overlaps)


def test_an_object_that_the_change_made_and_somebody_has_added_to_is_in_the_way_with_what_would_go() -> None:
    made = Item(items={"neighbor a": Item(items={"as": Item(("remote-as 1",))})})
    now = Item(items={"neighbor a": Item(items={**made.items["neighbor a"].items, "key": Item((SECRET,))})})
    (overlap,) = take_back(Item(), made, now, redact).overlaps
    assert (overlap.where, overlap.lines) == ("neighbor a", ("password <secret>",))


def test_an_object_that_the_change_took_away_and_somebody_made_anew_is_in_the_way() -> None:
    before, now = (Item(items={"a": Item((value,))}) for value in ("1", "2"))
    (overlap,) = take_back(before, Item(), now, redact).overlaps
    assert (overlap.where, overlap.lines) == ("a", ("2",))


def test_a_secret_that_comes_back_is_named_by_its_place_alone() -> None:
    before = Item(items={"neighbor a": Item(items={"password": Item((SECRET,))})})
    made = Item(items={"neighbor a": Item(items={"password": Item(("password other",))})})
    assert take_back(before, made, made, redact).old_secrets == ("neighbor a / password <secret>",)
    assert take_back(made, before, before, redact).old_secrets == ()  # "other" is no secret here
    assert take_back(before, made, before, redact).old_secrets == ()  # it is there now
