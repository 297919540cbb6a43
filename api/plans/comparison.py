"""What is different between two versions of a plan: section by section, action by action."""

from collections.abc import Iterator
from typing import Literal

from api.plans.models import Action, ActionChange, Comparison, Plan, Section, SectionComparison, TextChange

SECTION_FIELDS = ("my_words", "what_happens_now", "staff_text", "contingency", "none_reason")
ACTION_FIELDS = ("what", "owner_kind", "owner_name", "due_on", "status", "done_on")


def compare_versions(older: Plan, newer: Plan) -> Comparison:
    """Every section of either version, with what was added, changed or removed in it."""
    before, after = ({section.key: section for section in plan.sections} for plan in (older, newer))
    keys = [*after, *(key for key in before if key not in after)]
    return Comparison(
        older_plan_id=older.plan_id,
        newer_plan_id=newer.plan_id,
        older_version_no=older.version_no,
        newer_version_no=newer.version_no,
        sections=[_compare_sections(before.get(key), after.get(key)) for key in keys],
    )


def _compare_sections(before: Section | None, after: Section | None) -> SectionComparison:
    known = after or before
    assert known is not None  # noqa: S101  # the key came from one of the two
    changes = list(_changes(before, after, SECTION_FIELDS))
    actions = list(_compare_actions(before.actions if before else [], after.actions if after else []))
    kind: Literal["added", "changed", "removed", "same"] = "changed" if changes or actions else "same"
    if before is None or after is None:
        kind = "added" if before is None else "removed"
    return SectionComparison(known.key, known.title, kind, changes, actions)


def _compare_actions(before: list[Action], after: list[Action]) -> Iterator[ActionChange]:
    """An action is the same one when it comes from the same first version, however it is worded by now."""
    was = {action.origin_id: action for action in before}
    now = {action.origin_id: action for action in after}
    for origin_id, action in now.items():
        if origin_id not in was:
            yield ActionChange("added", action.what, [])
        elif changes := list(_changes(was[origin_id], action, ACTION_FIELDS)):
            yield ActionChange("changed", action.what, changes)
    yield from (ActionChange("removed", action.what, []) for origin_id, action in was.items() if origin_id not in now)


def _changes(before: object, after: object, fields: tuple[str, ...]) -> Iterator[TextChange]:
    for name in fields:
        texts = [_text(getattr(side, name)) if side is not None else None for side in (before, after)]
        if texts[0] != texts[1]:
            yield TextChange(name, *texts)


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
