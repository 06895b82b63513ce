"""What is said of tables to programs: descriptions of files, the catalogue, what has changed.

No module here sees a figure: each says what a table is, when it came and with what marks.
"""
