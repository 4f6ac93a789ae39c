"""What was made of packed pieces is known by what is in them."""

from functools import partial

from exporter.rollups.remembered import Remembered


def test_what_was_made_of_pieces_is_made_once_and_the_oldest_forgotten() -> None:
    sizes, calculated = Remembered[int](2), list[bytes]()

    def size(*packed: bytes) -> int:
        def count() -> int:
            calculated.append(b"".join(packed))
            return len(packed)

        return sizes.of(packed, count)

    assert size(b"a", b"b") == size(b"b", b"a") == 2
    assert size(b"a") == size(b"a") == 1
    assert size(b"a", b"b") == 2
    assert size(b"a", b"b", b"c") == 3
    assert calculated == [b"ab", b"a", b"abc"]
    assert size(b"a") == 1
    assert calculated[3:] == [b"a"]


def test_what_is_large_is_made_each_time() -> None:
    texts = Remembered[str](2, largest=3, size=len)
    made = [texts.of([b"a"], partial(str, text)) for text in ("four", "two", "one")]
    assert made == ["four", "two", "two"]
