"""Dated code lists and the regions of Norwegian official statistics."""
