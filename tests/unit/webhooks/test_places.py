"""Nobody takes more places than there are, in all and of each source."""

from webhooks.places import Places


def test_no_more_enter_than_there_are_places() -> None:
    places = Places(2, {})
    assert [places.enter("a"), places.enter("b"), places.enter("c")] == [True, True, False]
    places.leave("a")
    assert places.enter("c")


def test_a_source_leaves_the_others_their_places() -> None:
    places = Places(10, {"a": 1})
    assert [places.enter("a"), places.enter("a"), places.enter("b"), places.enter("b")] == [True, False, True, True]
    places.leave("a")
    assert places.enter("a")
