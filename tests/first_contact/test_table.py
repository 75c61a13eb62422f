"""The page of first contact is what the commands print."""

from first_contact.write_table import TABLE, table


def test_the_page_is_up_to_date():
    """Otherwise: python tests/first_contact/write_table.py."""
    assert TABLE.read_text() == table()
