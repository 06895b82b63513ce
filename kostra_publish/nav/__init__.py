"""Handover to NAV: packages of what has passed disclosure control."""
