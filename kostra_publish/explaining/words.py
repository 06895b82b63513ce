"""The sentences of explanations, in bokmål and English. Names in braces are filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kostra_publish.specs.models import Tongue

WORDS: Final[Mapping[Tongue, Mapping[str, str]]] = {
    "en": {
        # ── Hidden ──
        "rests_on": "rests on {cell}, which {rest}",
        "few": "is too few to show: fewer than {threshold} stand behind it",
        "few_or_none": "is too few to show: fewer than {threshold} stand behind it, or nobody",
        "few_or_dominated": (
            "cannot be shown: fewer than {threshold} stand behind it, or one or two of them have "
            "nearly all of it"
        ),
        "some_part": "cannot be shown: fewer than {threshold} stand behind some part of it",
        "four": "four",
        "protects": "protects {protected} (too few to show)",
        "gives": "{protects}: together with {beside} this would give {it}",
        "gives_knowing": (
            "{protects}: together with {beside} this would give {it} to whoever knows where "
            "nobody is"
        ),
        "it": "it",
        "first": "the first",
        "shown": "{cells} (shown)",
        "others_shown": "other figures that are shown",
        "insider": "{protects}: someone who is counted nearby could work it out from this",
        "near": (
            "keeps small figures near it from having only one possible value; nearest: "
            "{protected} (too few to show)"
        ),
        "near_none": "keeps small figures near it from having only one possible value",
        "known": "follows from what is shown, and protects nothing",
        "hidden_before": (
            "was hidden in {release}, too: what has not changed since then stays hidden"
        ),
        "earlier": (
            "was hidden when {release} published it, and stays as it was published: that release "
            "tells why"
        ),
        "change": "the change since {release} in {name}",
        "as_in": "{name} as it was in {release}",
        "in_no_table": "«{name}» (in no table)",
        # How disclosure control names persons that no table tells apart.
        "without": " without ",
        "all_of": "all of ",
        "cell": "«{name}»",
        "of": "«{name}» of {table}",
        "more": "and {count} more",
        # ── Missing ──
        "not_reported": "{region} has not reported {forms} for {year}: this is not 0",
        "not_reported_at_all": "{region} has not reported what it is made from for {year}",
        "not_enough": (
            "{missing} of the {all} kommuner in {region} have not reported {forms} for {year}, "
            "which is too many to estimate it"
        ),
        "none_reported": "no kommune in {region} has reported {forms} for {year}",
        "not_all_bydeler": "not every bydel has reported {forms} for {year}",
        "until_final": (
            "who reports before the final figures on {day} is in them: remind them, and say that "
            "nothing is shown for them until then"
        ),
        "until_next": "who reports before the next round of {year} is in it: remind them",
        "by_correction": (
            "the figures of {year} are final: what comes now takes a correction (`corrections` in "
            "rounds.yaml)"
        ),
        "left_blank": (
            "{region} has reported {forms} for {year}, but left {column} blank: ask them, since a "
            "blank is not 0"
        ),
        "other_round": "is published in {rounds} only, and {release} is none of them",
        "no_round": "is published in no kind of round, says the table spec",
        "not_published": "{release} published only some of the figures of {year}; others follow",
        # ── Not applicable ──
        "no_region": "{region} does not exist in {year}: {lived}",
        "lived": "it exists from {first} to {last}",
        "lived_from": "it exists from {first} on",
        "became": "in {year} it became {regions}",
        "was_before": "before {year} it was {regions}",
        "no_measure_before": "the measure exists from {first} on",
        "no_measure_after": "the measure exists until {last}",
        "no_category": "{category} was not in use in {year}",
        "not_added": (
            "it is copied from {forms}, where each kommune has its own: larger regions have none"
        ),
        "no_bydeler": "{forms} does not tell bydeler apart in {year}",
        "nothing_to_divide": "there is nothing to divide by",
        "no_figure": "there is no such figure in {year}",
        # ── A number ──
        "is_shown": "is shown: nothing is hidden",
        "preliminary": "is preliminary; final figures come on {day}",
        "preliminary_only": "is preliminary",
        "estimated": (
            "is estimated in part: {share} per cent of the inhabitants of {region} live in "
            "kommuner that have not reported"
        ),
        "corrected": "was corrected on {day}: {reason}",
        "synthetic": "is made of synthetic data",
        "and": "and",
    },
    "nb": {
        "rests_on": "bygger på {cell}, som {rest}",
        "few": "er for lite til å vises: færre enn {threshold} står bak",
        "few_or_none": "er for lite til å vises: færre enn {threshold} står bak, eller ingen",
        "few_or_dominated": (
            "kan ikke vises: færre enn {threshold} står bak, eller en eller to av dem har nesten "
            "alt"
        ),
        "some_part": "kan ikke vises: færre enn {threshold} står bak en del av det",
        "four": "fire",
        "protects": "beskytter {protected} (for lite til å vises)",
        "gives": "{protects}: sammen med {beside} ville dette gitt {it}",
        "gives_knowing": (
            "{protects}: sammen med {beside} ville dette gitt {it} til den som vet hvor det ikke "
            "er noen"
        ),
        "it": "det",
        "first": "det første",
        "shown": "{cells} (vist)",
        "others_shown": "andre tall som er vist",
        "insider": "{protects}: en som selv er talt i nærheten, kunne regnet det ut av dette",
        "near": (
            "hindrer at små tall i nærheten bare har én mulig verdi; nærmest: {protected} (for "
            "lite til å vises)"
        ),
        "near_none": "hindrer at små tall i nærheten bare har én mulig verdi",
        "known": "følger av det som er vist, og beskytter ingenting",
        "hidden_before": (
            "var skjult i {release} også: det som ikke er endret siden da, forblir skjult"
        ),
        "earlier": (
            "ble skjult da {release} publiserte det, og står som det ble publisert: den utgaven "
            "forteller hvorfor"
        ),
        "change": "endringen siden {release} i {name}",
        "as_in": "{name} slik det var i {release}",
        "in_no_table": "«{name}» (i ingen tabell)",
        "without": " uten ",
        "all_of": "all ",
        "cell": "«{name}»",
        "of": "«{name}» i {table}",
        "more": "og {count} til",
        "not_reported": "{region} har ikke rapportert {forms} for {year}: det betyr ikke 0",
        "not_reported_at_all": "{region} har ikke rapportert det tallet er laget av, for {year}",
        "not_enough": (
            "{missing} av de {all} kommunene i {region} har ikke rapportert {forms} for {year}, og "
            "det er for mange til å beregne tallet"
        ),
        "none_reported": "ingen kommune i {region} har rapportert {forms} for {year}",
        "not_all_bydeler": "ikke alle bydeler har rapportert {forms} for {year}",
        "until_final": (
            "den som rapporterer før de endelige tallene {day}, kommer med i dem: purr, og si at "
            "ingenting vises for dem før det"
        ),
        "until_next": "den som rapporterer før neste runde med tall for {year}, kommer med: purr",
        "by_correction": (
            "tallene for {year} er endelige: det som kommer nå, må inn med en rettelse "
            "(`corrections` i rounds.yaml)"
        ),
        "left_blank": (
            "{region} har rapportert {forms} for {year}, men {column} er ikke fylt ut: spør dem, "
            "for blankt er ikke 0"
        ),
        "other_round": "publiseres bare i {rounds}, og {release} er ingen av dem",
        "no_round": "publiseres ikke i noen slags runde, sier tabellspesifikasjonen",
        "not_published": "{release} publiserte bare noen av tallene for {year}; andre kommer",
        "no_region": "{region} finnes ikke i {year}: {lived}",
        "lived": "den finnes fra {first} til {last}",
        "lived_from": "den finnes fra {first}",
        "became": "i {year} ble den {regions}",
        "was_before": "før {year} var den {regions}",
        "no_measure_before": "statistikkvariabelen finnes fra {first}",
        "no_measure_after": "statistikkvariabelen finnes til {last}",
        "no_category": "{category} var ikke i bruk i {year}",
        "not_added": (
            "tallet er hentet fra {forms}, der hver kommune har sitt: større regioner har ikke noe"
        ),
        "no_bydeler": "{forms} skiller ikke mellom bydeler i {year}",
        "nothing_to_divide": "det er ingenting å dele på",
        "no_figure": "det finnes ikke noe slikt tall i {year}",
        "is_shown": "er vist: ingenting er skjult",
        "preliminary": "er foreløpig; endelige tall kommer {day}",
        "preliminary_only": "er foreløpig",
        "estimated": (
            "er delvis beregnet: {share} prosent av innbyggerne i {region} bor i kommuner som "
            "ikke har rapportert"
        ),
        "corrected": "ble rettet {day}: {reason}",
        "synthetic": "er laget av syntetiske data",
        "and": "og",
    },
}
