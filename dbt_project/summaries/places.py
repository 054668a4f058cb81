"""Countries, to recognise that a headline about a bus elsewhere is not news of the city."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

# One country on each line: its names, its people, its cities in headlines. "_" is a space.
_COUNTRIES = """
afghanistan afghan afghans kabul
albania albanian tirana
algeria algerian algiers
argentina argentine argentinian buenos_aires
armenia armenian yerevan
australia australian australians sydney melbourne brisbane perth canberra
austria austrian vienna
azerbaijan azerbaijani baku
bangladesh bangladeshi dhaka
belarus belarusian minsk
belgium belgian brussels antwerp
bolivia bolivian la_paz
bosnia bosnian sarajevo
brazil brazilian brazilians brasilia rio sao_paulo
britain british briton britons uk england english scotland scottish wales welsh london edinburgh
bulgaria bulgarian sofia
cambodia cambodian phnom_penh
cameroon cameroonian
canada canadian canadians toronto montreal vancouver ottawa
chile chilean santiago
china chinese beijing shanghai wuhan hong_kong
colombia colombian bogota
congo congolese kinshasa
croatia croatian zagreb
cuba cuban havana
cyprus cypriot nicosia
czech prague
denmark danish dane danes copenhagen
ecuador ecuadorian quito
egypt egyptian egyptians cairo
estonia estonian tallinn
ethiopia ethiopian addis_ababa
finland finnish helsinki
france french paris marseille lyon
germany german germans berlin munich hamburg frankfurt
ghana ghanaian accra
greece greek greeks athens
guatemala guatemalan
haiti haitian port-au-prince
honduras honduran
hungary hungarian budapest
iceland icelandic reykjavik
india indian indians delhi mumbai kolkata bangalore
indonesia indonesian jakarta
iran iranian tehran
iraq iraqi baghdad
ireland irish dublin
israel israeli israelis tel_aviv jerusalem gaza palestinian palestinians
italy italian italians rome milan naples
jamaica jamaican
japan japanese tokyo osaka
kazakhstan kazakh
kenya kenyan nairobi
kosovo
kuwait kuwaiti
latvia latvian riga
lebanon lebanese beirut
libya libyan tripoli
lithuania lithuanian vilnius
malaysia malaysian kuala_lumpur
mali malian
mexico mexican mexicans mexico_city
moldova moldovan
mongolia mongolian
morocco moroccan casablanca rabat
mozambique maputo
myanmar burma burmese
nepal nepalese kathmandu
netherlands dutch amsterdam rotterdam
new_zealand auckland wellington
nicaragua nicaraguan
niger nigerien
nigeria nigerian lagos abuja
north_korea north_korean pyongyang
norway norwegian oslo
pakistan pakistani karachi lahore islamabad
panama panamanian
paraguay
peru peruvian lima
philippines filipino manila
poland polish warsaw krakow
portugal portuguese lisbon
qatar qatari doha
romania romanian bucharest
russia russian russians moscow kremlin
rwanda rwandan kigali
saudi_arabia saudi saudis riyadh
senegal senegalese dakar
serbia serbian belgrade
singapore singaporean
slovakia slovak bratislava
slovenia slovenian ljubljana
somalia somali mogadishu
south_africa south_african johannesburg cape_town
south_korea south_korean korean koreans seoul
spain spanish spaniards madrid barcelona
sri_lanka sri_lankan colombo
sudan sudanese khartoum
sweden swedish swedes stockholm
switzerland swiss zurich geneva
syria syrian syrians damascus aleppo
taiwan taiwanese taipei
tanzania tanzanian
thailand thai bangkok
tunisia tunisian tunis
turkey turkish turks ankara istanbul
uganda ugandan kampala
ukraine ukrainian ukrainians kyiv kiev
emirates emirati dubai abu_dhabi
united_states american americans washington new_york los_angeles chicago california texas florida
uruguay montevideo
uzbekistan uzbek
venezuela venezuelan venezuelans caracas
vietnam vietnamese hanoi
yemen yemeni
zambia zambian
zimbabwe zimbabwean harare
"""
_ELSEWHERE = (
    "abroad",
    "overseas",
    "europe",
    "asia",
    "africa",
    "south america",
    "middle east",
    "pacific",
    "caribbean",
    "balkans",
    "himalayas",
)


def is_about_elsewhere(text: str, city: str, time_zone: str) -> bool:
    """Whether a text names a country other than the city's, and does not name the city.

    Parameters
    ----------
    text : str
        A headline.
    city : str
        Its name.
    time_zone : str
        Name of its time zone. It shows the country if the city's own name does not.
    """
    names = _names_of_elsewhere(city.lower(), time_zone.lower())
    lowered = text.lower()
    words = _WORD.findall(lowered)
    pairs = (f"{first} {second}" for first, second in itertools.pairwise(words))
    if names.isdisjoint(words) and names.isdisjoint(pairs):
        return False
    return re.search(rf"\b{re.escape(city.lower())}\b", lowered) is None


@lru_cache(maxsize=16)
def _names_of_elsewhere(city: str, time_zone: str) -> frozenset[str]:
    """Return every name of other countries, in lower case, of one or two words."""
    here = {city, time_zone.rpartition("/")[2].replace("_", " ")}
    countries = [
        {name.replace("_", " ") for name in line.split()}
        for line in _COUNTRIES.strip().splitlines()
    ]
    return frozenset(_ELSEWHERE).union(*(names for names in countries if here.isdisjoint(names)))


_WORD = re.compile(r"\w+(?:-\w+)*")
