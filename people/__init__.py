"""The simulated people: a seeded model of how they read, reply, click, fill in forms and leave.

Pure functions of (seed, person, stimulus, time): no I/O, no clock, no random draws. The same arguments give the same
reactions for ever, in any order and on any machine; the sandbox and the rehearsal both ask here. It promises that
`receive` (many persons at once) and `react` (one person) agree person by person. Rates are data (`Model`), documented
in docs/people.md.
"""

from people.draw import unit, units
from people.forms import Field, Profile, fill, profile
from people.habits import Habits, Model, habits, model_from
from people.react import Browse, Cta, Message, Page, Reaction, asked, browse, entered, followed, links, react, receive
from people.staff import MANNERS, Confirm, Manner, StaffModel, at_work, confirm, reminded, staff_model_from

__all__ = [
    "MANNERS", "Browse", "Confirm", "Cta", "Field", "Habits", "Manner", "Message", "Model", "Page", "Profile",
    "Reaction", "StaffModel", "asked", "at_work", "browse", "confirm", "entered", "fill", "followed", "habits",
    "links", "model_from", "profile", "react", "receive", "reminded", "staff_model_from", "unit", "units",
]  # fmt: skip
