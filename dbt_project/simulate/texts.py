"""The texts of the simulated Glasgow: its areas, roads, weather words and headlines.

This module has only texts and their facts (where, when, how long).
:mod:`dbt_project.simulate.world` makes days from them.
"""

from typing import NamedTuple


class Area(NamedTuple):
    """One pickup area of the city."""

    name: str
    share: float
    """Share of the day's pickups, relative to the other areas."""
    night_share: float
    """The same between 22:00 and 04:00, when people leave pubs, clubs and concerts."""
    airport_miles: float
    """Road miles from the area to the airport terminal; from the terminal to town for Airport."""


AREAS = (
    Area("City Centre", 24.0, 38.0, 9.3),
    Area("West End", 12.0, 13.0, 9.0),
    Area("Finnieston", 9.0, 12.0, 8.6),
    Area("Partick", 7.0, 6.0, 8.4),
    Area("Govan", 6.0, 4.0, 8.2),
    Area("Southside", 10.0, 7.0, 9.1),
    Area("Shawlands", 7.0, 6.0, 9.6),
    Area("Dennistoun", 6.0, 5.0, 11.0),
    Area("East End", 6.0, 4.0, 11.4),
    Area("Maryhill", 5.0, 3.0, 10.4),
    Area("Springburn", 4.0, 2.0, 10.8),
    Area("Airport", 6.0, 3.0, 9.4),
)


class Incident(NamedTuple):
    """A traffic bulletin that may happen on a day, and the headline that may go with it."""

    area: str
    """Name of the area, empty for the whole city."""
    text: str
    """The bulletin; ``{until}`` is the local time at which it is expected to end."""
    starts: tuple[float, float]
    """Earliest and latest start, hours after midnight by the clock."""
    lasts: tuple[float, float]
    """Shortest and longest duration, hours; zero means until further notice."""
    headline: str = ""
    """A news item about it, empty when no newsroom would care."""


AT_ANY_HOUR = (0, 24)
"""The `starts` of an incident that may happen at any hour."""

CLOSURES = (
    Incident(
        "Partick",
        "Burst water main on Dumbarton Road at Partick Cross. Road closed in both directions "
        "until about {until}, buses diverted, queues back to Byres Road.",
        AT_ANY_HOUR,
        (3.5, 5.0),
        "Burst water main floods shops on Dumbarton Road; engineers expect a long repair.",
    ),
    Incident(
        "City Centre",
        "Sauchiehall Street and the top of Hope Street closed for a fire in an empty building. "
        "Traffic at a standstill from Charing Cross to Cowcaddens, cordon until about {until}.",
        AT_ANY_HOUR,
        (3.0, 4.5),
        "Firefighters tackle blaze in empty building off Sauchiehall Street; no one is hurt.",
    ),
    Incident(
        "Govan",
        "Clyde Tunnel closed southbound after a collision of three vehicles. Very long queues on "
        "both approaches, expected to reopen about {until}.",
        AT_ANY_HOUR,
        (2.5, 4.0),
        "Three taken to hospital after Clyde Tunnel collision; injuries are not serious.",
    ),
    Incident(
        "Finnieston",
        "Clydeside Expressway blocked eastbound at Finnieston: a lorry has shed its load of "
        "timber. Recovery until about {until}, avoid the area.",
        AT_ANY_HOUR,
        (2.5, 4.0),
    ),
    Incident(
        "Dennistoun",
        "Gas leak on Duke Street. Police have closed the road between Bellgrove and Cumbernauld "
        "Road until about {until}; side streets are gridlocked.",
        AT_ANY_HOUR,
        (3.0, 5.0),
        "Families leave tenements on Duke Street while engineers search for gas leak.",
    ),
    Incident(
        "East End",
        "Serious collision on London Road at Bridgeton Cross. Road closed for investigation "
        "until about {until}, drivers report an hour to cover a mile.",
        AT_ANY_HOUR,
        (3.0, 4.5),
        "Police appeal for witnesses after collision at Bridgeton Cross.",
    ),
    Incident(
        "Southside",
        "Sewer collapse at Eglinton Toll. Pollokshaws Road and Victoria Road closed until about "
        "{until}, traffic stationary back to Gorbals Cross.",
        AT_ANY_HOUR,
        (3.5, 5.0),
        "Hole the size of a van opens in the road at Eglinton Toll.",
    ),
    Incident(
        "Shawlands",
        "Lorry has struck the railway bridge at Pollokshaws West. Kilmarnock Road closed until "
        "about {until} while the bridge is inspected, trains and cars both held.",
        AT_ANY_HOUR,
        (2.5, 4.0),
        "Lorry wedged under Pollokshaws railway bridge; trains to Neilston and Barrhead held.",
    ),
    Incident(
        "Maryhill",
        "Overhead cable down across Maryhill Road at Queen's Cross. Closed both ways until about "
        "{until}, Great Western Road very slow with diverted traffic.",
        AT_ANY_HOUR,
        (2.5, 4.0),
    ),
    Incident(
        "Springburn",
        "M8 closed westbound at junction 15, Townhead: overturned lorry and a fuel spill. Traffic "
        "held on Springburn Road and the Expressway, expected to clear about {until}.",
        AT_ANY_HOUR,
        (3.0, 4.5),
        "M8 shut at Townhead after lorry overturns; drivers told to expect long delays.",
    ),
    Incident(
        "Airport",
        "M8 closed at the White Cart Viaduct after a collision of five vehicles. Glasgow Airport "
        "cut off from the city until about {until}, passengers are walking to the terminal.",
        AT_ANY_HOUR,
        (2.5, 4.0),
        "Passengers miss flights as M8 closure cuts road to Glasgow Airport.",
    ),
    Incident(
        "West End",
        "Great Western Road closed at Kelvinbridge: part of a tenement wall has fallen on the "
        "carriageway. Diversions by Byres Road are solid, expected to last until about {until}.",
        AT_ANY_HOUR,
        (3.0, 5.0),
        "Part of tenement wall falls on Great Western Road; no one is hurt.",
    ),
    Incident(
        "City Centre",
        "Kingston Bridge: three lanes closed northbound for an emergency repair of a joint. Ramps "
        "and streets down to the Broomielaw are blocked, lanes reopen about {until}.",
        AT_ANY_HOUR,
        (3.0, 4.5),
        "Broken joint closes lanes of Kingston Bridge.",
    ),
)
"""Severe: rides get stuck in these. They may start at any hour."""


DELAYS = (
    Incident(
        "City Centre",
        "Roadworks on Argyle Street for new paving, one lane each way under Central station.",
        (7, 9.5),
        (8, 10),
    ),
    Incident(
        "Southside",
        "Roadworks on Victoria Road for a cycle lane, temporary lights at Queen's Park gates.",
        (7, 9.5),
        (7, 9.5),
    ),
    Incident(
        "Dennistoun",
        "Gas main renewal on Alexandra Parade, one lane closed citybound.",
        (8, 9.5),
        (6.5, 9),
    ),
    Incident(
        "West End",
        "Traffic lights out at Byres Road and University Avenue, drivers give way in turn.",
        (7, 18),
        (1, 2.5),
    ),
    Incident(
        "Maryhill",
        "Traffic lights stuck on red at Bilsland Drive, short queues.",
        (7, 19),
        (0.8, 2),
    ),
    Incident(
        "Partick",
        "Bus broken down in the inside lane at Thornwood roundabout.",
        (7, 19),
        (0.5, 1.5),
    ),
    Incident(
        "Springburn",
        "Minor collision on Springburn Way, vehicles moved to the verge.",
        (7, 20),
        (0.5, 1.3),
    ),
    Incident(
        "Shawlands",
        "Slow traffic at Shawlands Cross, deliveries parked on both sides.",
        (9, 17),
        (1, 2.5),
    ),
    Incident(
        "East End",
        "Resurfacing on Gallowgate, stop-and-go boards near the Barras.",
        (8.5, 10),
        (5, 7),
    ),
    Incident(
        "Airport",
        "Terminal drop-off lanes busy, ten minutes from the roundabout to the barrier.",
        (5, 17),
        (1, 2.5),
    ),
    Incident(
        "Govan",
        "Overnight maintenance: Clyde Tunnel northbound closed until {until}, diversion by the "
        "Kingston Bridge.",
        (21.5, 22.5),
        (6.5, 7.5),
    ),
    Incident(
        "Finnieston",
        "Crane lift on Stobcross Street, one lane closed for a few minutes at a time.",
        (9, 14),
        (1.5, 3),
    ),
    Incident(
        "",
        "M8 through the city: average speed check between junctions 13 and 22 for bridge works, "
        "two narrow lanes until further notice.",
        (6, 7),
        (0, 0),
    ),
    Incident(
        "",
        "M74 westbound: car on the hard shoulder near Polmadie, brief slowing.",
        (7, 19),
        (0.5, 1),
    ),
)
"""Minor: an ordinary day's list. Rides are a little slower there."""


WEATHER_DELAYS = {
    "heavy rain": (
        Incident(
            "East End",
            "Flooding under the railway bridge on Dalmarnock Road, passable with care.",
            AT_ANY_HOUR,
            (1.5, 3),
        ),
        Incident(
            "",
            "Surface water on the M8 and M77 through the city, spray and low speeds.",
            AT_ANY_HOUR,
            (1.5, 3),
        ),
        Incident(
            "Govan",
            "Standing water on Paisley Road West, inside lane closed.",
            AT_ANY_HOUR,
            (1.5, 2.5),
        ),
    ),
    "rain": (
        Incident(
            "",
            "Wet roads across the city, several bumps reported on the M8 and M74.",
            AT_ANY_HOUR,
            (1.5, 3),
        ),
        Incident(
            "Southside",
            "Blocked drain on Langside Road, large puddle, traffic using one side.",
            AT_ANY_HOUR,
            (1.5, 3),
        ),
    ),
    "fog": (
        Incident(
            "Airport",
            "Fog on the M8 at the airport and the Erskine Bridge, speed limit reduced to 40.",
            AT_ANY_HOUR,
            (1.5, 3),
        ),
    ),
    "ice": (
        Incident(
            "",
            "Gritters are out. Black ice reported on side streets, worst in Maryhill and "
            "Springburn.",
            AT_ANY_HOUR,
            (2, 4),
        ),
    ),
    "gale": (
        Incident(
            "West End",
            "Fallen tree on Kelvin Way, road closed until about {until}.",
            AT_ANY_HOUR,
            (2, 4),
        ),
        Incident(
            "",
            "Erskine Bridge closed to high-sided vehicles, lorries diverted through the city.",
            AT_ANY_HOUR,
            (2, 5),
        ),
    ),
}


class Event(NamedTuple):
    """Something people go to: a headline in the morning, crowds on the road later."""

    weekdays: tuple[int, ...]
    """Weekdays on which it may take place, Monday is 0."""
    months: tuple[int, ...]
    headline: str
    crowd: Incident


ALL_YEAR = tuple(range(1, 13))
FOOTBALL_SEASON = (8, 9, 10, 11, 12, 1, 2, 3, 4, 5)
HOLIDAY = 7
"""The weekday number that stands for a bank holiday, whatever day it falls on."""

EVENTS = (
    Event(
        (2, 5, 6),
        FOOTBALL_SEASON,
        "Sell-out crowd of 50,000 expected at Hampden; supporters urged to come by train.",
        Incident(
            "Southside",
            "Crowds leaving Hampden. Aikenhead Road and Battlefield Road closed to traffic until "
            "about {until}, taxis held at the stadium.",
            (16.5, 17.0),
            (2.0, 2.5),
        ),
    ),
    Event(
        (2, 5, 6, HOLIDAY),
        FOOTBALL_SEASON,
        "Ibrox match to go ahead as planned; parking ban in streets round the stadium.",
        Incident(
            "Govan",
            "Ibrox emptying after the match. Paisley Road West and Edmiston Drive blocked with "
            "coaches and people on foot, clearing about {until}.",
            (16.5, 17.0),
            (2.0, 2.5),
        ),
    ),
    Event(
        (1, 3, 5, 6),
        FOOTBALL_SEASON,
        "Evening kick-off at Celtic Park; extra police in the East End from teatime.",
        Incident(
            "East End",
            "Crowds leaving Celtic Park. London Road and Springfield Road at walking pace until "
            "about {until}.",
            (21.5, 21.8),
            (1.6, 2.0),
        ),
    ),
    Event(
        (3, 4, 5, 6, HOLIDAY),
        ALL_YEAR,
        "Fans to queue from noon for tonight's sold-out concert at the Hydro.",
        Incident(
            "Finnieston",
            "Concert at the Hydro has finished. Thirteen thousand people leaving, Finnieston "
            "Street and the Expressway slip roads blocked until about {until}.",
            (22.2, 22.5),
            (1.6, 2.0),
        ),
    ),
    Event(
        (6,),
        (4, 5, 6, 9, 10),
        "Twelve thousand runners line up for today's half marathon through the city.",
        Incident(
            "City Centre",
            "Half marathon: George Square, St Vincent Street and the Kingston Bridge closed to "
            "traffic until about {until}.",
            (8.0, 8.5),
            (5.5, 6.5),
        ),
    ),
    Event(
        (5, HOLIDAY),
        ALL_YEAR,
        "Thousands expected at march from Glasgow Green to George Square.",
        Incident(
            "City Centre",
            "March from Glasgow Green to George Square. High Street, Ingram Street and Trongate "
            "closed until about {until}, traffic round them barely moves.",
            (11.0, 12.0),
            (2.5, 3.5),
        ),
    ),
    Event(
        (0, 1, 2, 3, 4, 5),
        ALL_YEAR,
        "Rail strike: no trains on most lines through Central and Queen Street today.",
        Incident(
            "",
            "Rail strike: roads into the city are busier than usual, long lines at taxi ranks at "
            "Central and Queen Street.",
            (6.5, 7.0),
            (12.0, 13.0),
        ),
    ),
)

WARNINGS = {
    "heavy rain": "Yellow warning for heavy rain in west central Scotland; flooding is possible.",
    "fog": "Fog warning for the Clyde valley; airport advises passengers to check their flights.",
    "ice": "Yellow warning for snow and ice; gritters out across the city overnight.",
    "gale": "Yellow warning for wind; ferries on the Clyde may be cancelled at short notice.",
}

HOLIDAY_NEWS = (
    "Bank holiday: buses and the subway run to a Sunday timetable, many shops open late.",
    "Bank holiday crowds expected in Kelvingrove Park and along the Clyde.",
)

LOCAL_NEWS = (
    "Council approves plan for 300 homes on derelict land in Springburn.",
    "Subway's new trains to enter passenger service on more days of the week.",
    "Glasgow school choir wins national prize.",
    "Museum in Kelvingrove opens exhibition on shipbuilding families of the Clyde.",
    "Low emission zone: council reminds drivers which streets are included.",
    "Rents in Glasgow rise again, survey of letting agents says.",
    "Volunteers pull two tonnes of rubbish from the Forth and Clyde Canal.",
    "Otters seen on the Kelvin for the second year in a row.",
    "Bakery in Govan wins award for best morning roll in Scotland.",
    "City's libraries to open longer in the evening.",
    "Hospital in Govan opens new unit for day surgery.",
    "Film crew to turn streets of the Merchant City into 1940s New York.",
    "New footbridge between Govan and Partick takes shape.",
    "Barras market traders ask for longer weekend hours.",
    "Taxi drivers call for more ranks in the West End.",
    "Hundreds of trees to be planted in Dennistoun and Parkhead.",
    "Council tax bills: deadline for discounts nears.",
    "Student numbers in Glasgow reach a record, universities say.",
    "Peregrine chicks hatch on a university tower.",
    "Swimming baths in the Southside to reopen after repairs.",
    "Allotment waiting list in Glasgow grows to ten years.",
    "Old cinema in Shawlands to become a music venue.",
)

WORLD_NEWS = (
    "Central banks hint that interest rates are near their peak.",
    "Negotiators agree outline of a treaty to protect the high seas.",
    "Space telescope sends back images of a young star and its planets.",
    "Oil price falls for a third day on fears of slower growth.",
    "Wheat prices ease as exports through the Black Sea resume.",
    "Election in southern Europe ends without a clear majority.",
    "Scientists report progress with vaccine against malaria.",
    "Airline alliance orders a hundred new jets for long routes.",
    "Volcano in Iceland shows signs of waking; flights are not affected.",
    "World chess title to be decided in rapid games.",
    "Earthquake shakes islands in the Pacific; no tsunami follows.",
    "Film festival on the Riviera opens with a silent comedy.",
    "Chip makers plan factories on three continents.",
    "Record heat in southern Asia closes schools.",
    "Talks on a ceasefire to resume in a neutral capital.",
    "Archaeologists find a Roman ship under a vineyard.",
    "Antarctic sea ice at its lowest for the time of year.",
    "Gold price close to its record as investors look for safety.",
    "Two of the largest telephone companies in Asia to merge.",
    "Rare copy of a first folio of plays found in a country house.",
    "Coral reef recovers faster than expected, divers find.",
    "Parliament across the Channel debates pension age late into the night.",
    "Cyclist from Denmark wins mountain stage in the Alps.",
    "Artificial intelligence helps to read burnt scrolls from Herculaneum.",
)
"""These have nothing to do with Glasgow's roads. A summary must recognise that."""


SKY_BY_DAY = ("Sunny", "Bright with some cloud", "Cloudy", "Overcast")
SKY_BY_NIGHT = ("Clear", "Partly cloudy", "Cloudy", "Overcast")

RAIN_WORDS = (
    ("dry",),
    ("light rain", "drizzle", "a light shower", "spots of rain"),
    ("rain", "steady rain", "frequent showers"),
    ("heavy rain", "torrential rain", "a heavy downpour"),
)
"""By rain level: 0 none, 1 light, 2 moderate, 3 heavy."""

SNOW_WORDS = (
    ("dry",),
    ("light snow", "a few flakes of snow", "sleet"),
    ("snow", "snow showers"),
    ("heavy snow",),
)

WIND_DIRECTIONS = (
    "westerly",
    "south-westerly",
    "south-westerly",
    "southerly",
    "north-westerly",
    "northerly",
    "easterly",
)
