"""What an error tells, and in which order."""

from kostra_publish.errors import DataError, Finding


def test_numbers_are_sorted_as_numbers() -> None:
    places = ["row 101", "row 11", "row 2", "12 rows, first 3", "5 rows, first 100"]
    findings = [Finding("a_v10.csv", place, "", "rule", "fix") for place in places]
    findings.append(Finding("a_v9.csv", "row 900", "", "rule", "fix"))
    told = [(one.file, one.where) for one in DataError(findings).findings]
    assert told == [
        ("a_v9.csv", "row 900"),
        ("a_v10.csv", "5 rows, first 100"),
        ("a_v10.csv", "12 rows, first 3"),
        ("a_v10.csv", "row 2"),
        ("a_v10.csv", "row 11"),
        ("a_v10.csv", "row 101"),
    ]
