"""What the figures of a round look like beside those of earlier ones, before anything is rendered.

Observations are true figures of single kommuner. They are kept in ``internal/`` of a release,
so that later rounds can be compared, and go nowhere else.
"""
