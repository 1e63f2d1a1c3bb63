from kerastc.data.telling import told_lines


def test_where_the_rows_went_is_told_in_80_columns():
    described = {
        "source": "a.csv: texts from " + "column " * 20,
        "classes": ["Sport", "sport"],
        "splits": {
            "train": {"rows": 7000, "counts": [6998, 2]},
            "test": {"rows": 3, "counts": [2, 1]},
        },
        "notes": {"texts of more than 9 characters, which are cut": 4, "nothing": 0},
    }
    lines = list(told_lines(described))
    assert all(len(line) <= 80 for line in lines)
    assert lines[-3:] == [
        "Rows: train 7,000, test 3; 2 classes",
        "texts of more than 9 characters, which are cut: 4",
        "class 'sport', nearly the same name as 'Sport': 3 rows",
    ]
    assert "Rows: train 7,000, test 3; 2 tags" in list(told_lines(described, "tags"))
    assert "Rows: train 7,000, test 3" in list(told_lines(described, ""))
