"""Code lists by collection year."""

from datetime import date

import pytest

from api.duties import codes

YEARS = range(2023, 2028)


@pytest.mark.parametrize(
    ("name", "code", "taken_in"),
    [
        ("PLACE", "H5", {2023, 2024, 2025}),
        ("PLACE", "P2", {2023, 2024, 2025}),
        ("PLACE", "Z1", {2023, 2024, 2025}),
        ("PLACE", "K3", {2025, 2026, 2027}),
        ("PLACE", "Z11", {2026, 2027}),
        ("PLACE", "U6", set(YEARS)),
        ("SEX", "1", {2023, 2024}),
        ("SEX", "U", {2025, 2026, 2027}),
        ("ACCOM", "S2", set(YEARS)),
        ("ACCOM", "S1", set()),
        ("ACCOM", "X1", set()),
        ("ACCOM", "Z1", set(YEARS)),
        ("ACTIV", "F3", set()),
        ("ACTIV", "0", set(YEARS)),
        ("LS", "V3", set(YEARS)),
        ("IN_TOUCH", "yes", set()),
    ],
)
def test_code_when_asked_by_year_then_taken_in_those_years_only(name: str, code: str, taken_in: set[int]) -> None:
    assert {year for year in YEARS if codes.is_valid(name, code, year)} == taken_in


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("IN_TOUCH", 6),
        ("ACTIV", 12),
        ("ACCOM", 31),
        ("RNE", 6),
        ("LS", 13),
        ("CIN", 8),
        ("PLACE", 29),
        ("PLACE_PROVIDER", 6),
        ("REC", 22),
        ("REASON_PLACE_CHANGE", 12),
        ("REVIEW_CODE", 8),
        ("SEX", 3),
        ("ETHNIC", 20),
        ("MISSING", 2),
        ("PREV_PERM", 5),
        ("SW_REASON", 10),
    ],
)
def test_list_when_read_for_2025_26_then_it_has_as_many_codes_as_the_validator(name: str, size: int) -> None:
    assert len(codes.allowed(name, 2026)) == size


@pytest.mark.parametrize("name", codes.list_names())
def test_list_when_read_then_it_has_source_codes_once_each_and_says_what_is_confirmed(name: str) -> None:
    found = codes.code_list(name, 2026)
    named = [code.code for code in found.codes]
    assert found.source
    assert found.labels_source
    assert named
    assert len(set(named)) == len(named)


def test_labels_when_not_known_then_they_are_empty_and_not_invented() -> None:
    labels = {code.code: code.label for code in codes.code_list("PLACE", 2026).codes}
    assert [labels[code] for code in ("Z11", "Z12", "Z13", "Z14")] == [None] * 4


@pytest.mark.parametrize("year", [2022, 2028])
def test_list_when_nobody_read_that_year_then_it_is_refused(year: int) -> None:
    with pytest.raises(LookupError):
        codes.code_list("SEX", year)
    with pytest.raises(LookupError):
        codes.columns("OC3", year)


def test_list_when_there_is_none_of_that_name_or_year_then_it_is_refused() -> None:
    with pytest.raises(LookupError):
        codes.allowed("NOTHING", 2026)
    with pytest.raises(LookupError):
        codes.allowed("SW_REASON", 2023)


def test_columns_when_asked_then_those_of_the_file_in_their_order() -> None:
    assert codes.columns("OC3", 2026) == ("CHILD", "DOB", "IN_TOUCH", "ACTIV", "ACCOM")
    assert len(codes.columns("Episodes", 2026)) == 13
    assert codes.columns("DoLo", 2027) == ("CHILD", "DOB", "DOLO_START", "DOLO_END")
    with pytest.raises(LookupError):
        codes.columns("DoLo", 2026)


@pytest.mark.parametrize(
    ("on", "year"),
    [(date(2026, 3, 31), 2026), (date(2026, 4, 1), 2027), (date(2025, 12, 31), 2026), (date(2025, 4, 1), 2026)],
)
def test_collection_year_when_april_comes_then_the_next_one(on: date, year: int) -> None:
    assert codes.collection_year(on) == year
    assert codes.first_day(year) <= on <= codes.last_day(year)


def test_groups_when_they_name_codes_then_these_are_codes_of_a_list() -> None:
    known = {
        code.code for name in ("PLACE", "LS", "REC") for year in YEARS for code in codes.code_list(name, year).codes
    }
    for file in codes.GROUP_FILES:
        for group in codes.document(file)["groups"]:
            assert set(group["codes"]) <= known


def test_places_when_sorted_into_groups_then_each_needs_a_registration_or_is_known_not_to() -> None:
    needs, exempt = set(codes.group("needs_registration").codes), set(codes.group("no_urn").codes)
    assert needs & exempt == set()
    assert codes.allowed("PLACE", 2026) <= needs | exempt


BORN = date(2008, 5, 20)


@pytest.mark.parametrize(
    ("ceased_on", "year", "faults"),
    [
        (date(2026, 5, 20), 2027, 0),
        (date(2026, 5, 21), 2027, 1),
        (date(2026, 5, 20), 2026, 1),
        (date(2007, 1, 1), 2026, 1),
        (None, 2026, 0),
        (None, 2027, 1),
    ],
)
def test_duc_when_after_18_or_after_the_year_then_it_is_wrong(ceased_on: date | None, year: int, faults: int) -> None:
    assert len(codes.duc_faults(BORN, ceased_on, year)) == faults
