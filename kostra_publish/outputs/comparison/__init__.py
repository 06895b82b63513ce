"""What differs between two releases: the facts, and the page, JSON and workbook made of them."""
