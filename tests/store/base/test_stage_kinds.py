"""Lists of kinds for statements say what the traits say."""

from domain.kinds.registry import TRAITS
from store.base import stage_kinds


def test_each_kind_is_in_the_lists_of_its_traits_and_in_no_other() -> None:
    lists = {
        "private": stage_kinds.PRIVATE,
        "step": stage_kinds.STEPS,
        "for_all": stage_kinds.FOR_ALL,
        "opens_results": stage_kinds.RELEASES,
        "held": stage_kinds.CONVERSATIONS,
        "on_record": stage_kinds.ON_RECORD,
    }
    for trait, listed in lists.items():
        for kind in TRAITS.values():
            assert (f"'{kind.name}'" in listed) == getattr(kind, trait), (trait, kind.name)


def test_a_trait_that_no_kind_has_makes_a_list_that_no_kind_is_in() -> None:
    assert stage_kinds._those(lambda _: False) == "('')"
