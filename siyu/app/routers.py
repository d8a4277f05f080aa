"""Which rooms have routes; the one list that app/http.py includes."""

from fastapi import APIRouter
from starlette.routing import Route

import siyu.channels.http
import siyu.content.http
import siyu.customers.collecting.http
import siyu.customers.http
import siyu.customers.importing.http
import siyu.groups.http
import siyu.intake.http
import siyu.journeys.http
import siyu.lifecycle.http
import siyu.outreach.http
import siyu.outreach.sendtasks.http
import siyu.platforms.http
import siyu.replies.greetings.http
import siyu.replies.http
import siyu.segments.http
import siyu.tags.http
import siyu.tasks.http
import siyu.team.http
import siyu.workdays.http

ROUTERS: tuple[APIRouter, ...] = (
    siyu.team.http.router,
    siyu.customers.http.router,
    siyu.customers.importing.http.router,
    siyu.customers.collecting.http.router,
    siyu.tags.http.router,
    siyu.segments.http.router,
    siyu.lifecycle.http.router,
    siyu.content.http.router,
    siyu.tasks.http.router,
    siyu.outreach.http.router,
    siyu.outreach.sendtasks.http.router,
    siyu.replies.http.router,
    siyu.replies.greetings.http.router,
    siyu.journeys.http.router,
    siyu.platforms.http.router,
    siyu.intake.http.router,
    siyu.groups.http.router,
    siyu.channels.http.router,
    siyu.workdays.http.router,
)
PUBLIC: tuple[APIRouter, ...] = (siyu.content.http.public, siyu.customers.collecting.http.public)
FLOODS: tuple[Route, ...] = siyu.content.http.floods
"""Answered before all others (app/floods.py)."""
MOST_BYTES = 8 << 20
"""Of a request's body. A thousand items of a batch with all their attributes stay below 2 MB."""
FILES: dict[str, int] = {"imports": 202 << 20, "content": 56 << 20}
"""The same for routers that take files; they know the exact limits themselves."""
