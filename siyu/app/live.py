"""The live stream: server-sent events that tell a screen when a journey's counts changed."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from siyu.app.edge import HouseEdge
from siyu.journeys import queries as journeys
from siyu.kernel.clock import machine

router = APIRouter(tags=["live"])
EVERY_SECONDS = 1.0
SHARE = 10
"""A look costs 0.1 s at 100,000 sends (measured), and grows: whoever watches takes at most a tenth of a core."""


@router.get("/api/live/journeys/{journey_id}", include_in_schema=False)
async def live_wave(journey_id: int, request: Request) -> StreamingResponse:
    """A stream of ``event: wave`` with the body of ``GET /api/journeys/{id}/wave`` whenever it changed."""
    edge: HouseEdge = request.app.state.edge

    def read() -> str:
        with edge.request(request, "journeys.read") as ctx:
            wave: Any = journeys.wave(ctx, journey_id)
            return json.dumps({"now": ctx.now.isoformat(), "wave": jsonable_encoder(wave)}, ensure_ascii=False)

    async def look() -> tuple[str, float]:
        began = machine()
        return await run_in_threadpool(read), machine() - began

    first = await look()

    async def stream() -> AsyncIterator[str]:
        (body, took), last = first, b""
        while not await request.is_disconnected():
            counts = json.dumps(json.loads(body)["wave"], sort_keys=True).encode()
            digest = hashlib.sha256(counts).digest()
            yield (
                f"event: wave\ndata: {body}\n\n"
                if digest != last
                else f"event: time\ndata: {json.loads(body)['now']}\n\n"
            )
            last = digest
            await asyncio.sleep(max(EVERY_SECONDS, SHARE * took))
            body, took = await look()

    return StreamingResponse(
        stream(), media_type="text/event-stream", headers={"cache-control": "no-store", "x-accel-buffering": "no"}
    )
