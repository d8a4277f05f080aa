"""Which rooms have routes; the one list that app/http.py includes."""

from fastapi import APIRouter

import siyu.content.http
import siyu.customers.collecting.http
import siyu.customers.http
import siyu.customers.importing.http
import siyu.groups.http
import siyu.intake.http
import siyu.journeys.http
import siyu.outreach.http
import siyu.platforms.http
import siyu.segments.http
import siyu.tags.http
import siyu.team.http

ROUTERS: tuple[APIRouter, ...] = (
    siyu.team.http.router,
    siyu.customers.http.router,
    siyu.customers.importing.http.router,
    siyu.customers.collecting.http.router,
    siyu.tags.http.router,
    siyu.segments.http.router,
    siyu.content.http.router,
    siyu.outreach.http.router,
    siyu.journeys.http.router,
    siyu.platforms.http.router,
    siyu.intake.http.router,
    siyu.groups.http.router,
)
PUBLIC: tuple[APIRouter, ...] = (siyu.content.http.public, siyu.customers.collecting.http.public)
