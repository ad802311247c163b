"""The app as a web application: its pages and what they ask for."""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import numpy as np
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from afib.app.display import FILTERS, TILE_S, outline, tile
from afib.app.guard import UPLOAD_PATH, BodyRefusedError
from afib.app.judgements import Judgement, agreement, write_csv
from afib.app.pages import STYLE_SOURCE, decided_word, summary
from afib.app.parts import Parts, about, reported, teller
from afib.app.reader import AT_ONCE, Upload
from afib.errors import AfibError, RecordError

if TYPE_CHECKING:
    from afib.app.desk import Opened

__all__ = ["make_app"]

_STATIC = {
    "app.js": "text/javascript",
    "strip.js": "text/javascript",
    "app.css": "text/css",
    "uplot.js": "text/javascript",
    "uplot.css": "text/css",
}
_MOST_FILES = 200
_MOST_COLUMNS, _MOST_PROBLEMS = 4000, 20
_MOST_TOLD = 1000
#: Uploads that wait for their turn; the next one is told to come back.
_MOST_WAITING = 100
_REPORT_POLICY = (
    f"default-src 'none'; style-src {STYLE_SOURCE}; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    key: str
    verdict: str
    rhythm: str | None
    reviewer: str
    comment: str


def make_app(parts: Parts) -> FastAPI:
    """The application; who may ask it is another's work, :class:`afib.app.guard.Guard`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _refusals(app)
    _pages(app, parts)
    _uploads(app, parts)
    _recordings(app, parts)
    _reasons(app, parts)
    _judging(app, parts)
    return app


def _refusals(app: FastAPI) -> None:
    @app.exception_handler(AfibError)
    async def _refused(_request: Request, error: AfibError) -> JSONResponse:
        return _problems(422, *error.problems)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        return _problems(422, *told[:20])

    @app.exception_handler(BodyRefusedError)
    async def _too_large(_request: Request, error: BodyRefusedError) -> JSONResponse:
        return _problems(413, str(error))

    @app.exception_handler(Exception)
    async def _fault(_request: Request, _error: Exception) -> JSONResponse:
        return _problems(500, "app: expected to answer, got a fault of its own; see its log")

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, BodyRefusedError):
            return _problems(413, str(error.__cause__))
        return _problems(error.status_code, f"app: {error.detail}")


def _pages(app: FastAPI, parts: Parts) -> None:
    @app.get("/")
    async def _page() -> HTMLResponse:
        return HTMLResponse(_file("index.html").replace("{{token}}", parts.token))

    @app.get("/static/{name}")
    async def _static(name: str) -> Response:
        if name not in _STATIC:
            return _problems(404, "file: expected one of the app")
        return Response(_file(name), media_type=_STATIC[name])

    @app.get("/api/state")
    async def _state(since: int = 0) -> dict[str, Any]:
        kept = await run_in_threadpool(parts.judgements.all)
        found = parts.desk.since(since)[:_MOST_TOLD]
        told_of = await run_in_threadpool(teller, parts)
        return {
            "governed": asdict(parts.governed),
            "filters": FILTERS,
            "tile_s": TILE_S,
            "loading": parts.desk.loading,
            "problems": parts.desk.problems[:_MOST_PROBLEMS],
            "recordings": [told_of(each) for each in found],
            "agreement": agreement(kept),
            "judgements": len(kept),
        }

    @app.get("/api/summary.html")
    async def _summary() -> HTMLResponse:
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        kept = await run_in_threadpool(parts.judgements.all)
        opened = parts.desk.since(0)
        make = partial(summary, opened, governed=parts.governed, judgements=kept, at=at)
        return HTMLResponse(
            await run_in_threadpool(make), headers={"content-security-policy": _REPORT_POLICY}
        )


def _uploads(app: FastAPI, parts: Parts) -> None:
    # Threads of their own, so that uploads keep nobody else waiting.
    places = anyio.CapacityLimiter(AT_ONCE)

    @app.post(UPLOAD_PATH)
    async def _upload(request: Request) -> Response:
        if places.statistics().tasks_waiting >= _MOST_WAITING:
            return _problems(503, "upload: expected fewer to wait, got too many; try again later")
        async with request.form(max_files=_MOST_FILES, max_fields=0) as form:
            uploads = []
            for each in form.getlist("files"):
                if isinstance(each, UploadFile):
                    # On disk, without a name: a child gets it as an open file.
                    await run_in_threadpool(each.file.rollover)  # type: ignore[attr-defined]
                    uploads.append(Upload(name=each.filename or "", file=each.file))
            if not uploads:
                raise RecordError("upload", "upload: expected at least one file, got none")
            opened, problems = await anyio.to_thread.run_sync(_read, uploads, limiter=places)
        told_of = teller(parts)
        return JSONResponse({"opened": [told_of(each) for each in opened], "problems": problems})

    def _read(uploads: list[Upload]) -> tuple[list[Opened], list[str]]:
        return parts.desk.open_all(parts.reader.uploaded(uploads))


def _recordings(app: FastAPI, parts: Parts) -> None:
    desk = parts.desk

    @app.get("/api/recordings/{key}")
    async def _one(key: str) -> dict[str, Any]:
        return await run_in_threadpool(about, parts, desk.get(key))

    @app.get("/api/recordings/{key}/tile/{number}")
    async def _tile(key: str, number: int, shown: str = "none") -> Response:
        found = await run_in_threadpool(tile, desk.get(key), number, shown)
        return _floats(found)

    @app.get("/api/recordings/{key}/outline")
    async def _outline(key: str, columns: int = 1000) -> Response:
        columns = max(1, min(columns, _MOST_COLUMNS))
        return _floats(await run_in_threadpool(outline, desk.get(key), columns))

    @app.get("/api/recordings/{key}/beats")
    async def _beats(key: str) -> Response:
        found = await run_in_threadpool(desk.peaks_s, desk.get(key))
        # In double precision: a day in seconds has more digits than single has.
        return Response(found.astype("<f8").tobytes(), media_type="application/octet-stream")


def _reasons(app: FastAPI, parts: Parts) -> None:
    desk = parts.desk

    @app.get("/api/recordings/{key}/evidence")
    async def _evidence(key: str, window: int = 0) -> dict[str, Any]:
        found, start_s = await run_in_threadpool(desk.explained, desk.get(key), window)
        weights = found.evidence.weights
        largest = float(np.abs(weights).max(initial=0.0))
        return {
            "method": found.method,
            "start_s": start_s,
            "rate_hz": found.evidence_hz,
            "empty": found.evidence.empty,
            "largest": largest,
            "heights": np.round(weights / largest if largest else weights, 4).tolist(),
        }

    @app.post("/api/recordings/{key}/proofs")
    async def _prove(key: str) -> dict[str, Any]:
        opened = desk.get(key)
        if opened.decision is None or opened.decision.abstained:
            raise RecordError("proofs", "proofs: expected a decision to prove, got none")
        recording = await run_in_threadpool(desk.whole, opened)
        await run_in_threadpool(parts.proofs.begin, key, recording)
        return parts.proofs.so_far(key)

    @app.get("/api/recordings/{key}/report.html")
    async def _report(key: str, window: int = 0) -> HTMLResponse:
        page = await run_in_threadpool(reported, parts, desk.get(key), window)
        return HTMLResponse(page, headers={"content-security-policy": _REPORT_POLICY})


def _judging(app: FastAPI, parts: Parts) -> None:
    @app.post("/api/judgements")
    async def _judge(said: _Said) -> dict[str, Any]:
        opened = parts.desk.get(said.key)
        decided = decided_word(opened)
        judgement = Judgement(
            record=opened.recording.name,
            record_digest=opened.recording.digest,
            model_digest=parts.governed.model,
            decided=decided,
            verdict=said.verdict,
            rhythm=opened.decision.rhythm
            if said.verdict == "confirmed" and opened.decision is not None
            else said.rhythm,
            reviewer=said.reviewer,
            comment=said.comment,
        )
        kept = await run_in_threadpool(parts.judgements.add, judgement)
        return {"number": kept.number, "made_at": kept.made_at}

    @app.get("/api/judgements.csv")
    async def _export() -> Response:
        out = io.StringIO()
        write_csv(await run_in_threadpool(parts.judgements.all), out)
        as_file = {"content-disposition": 'attachment; filename="judgements.csv"'}
        return Response(out.getvalue(), media_type="text/csv", headers=as_file)


def _floats(values: np.ndarray) -> Response:
    content = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return Response(content, media_type="application/octet-stream")


def _problems(status: int, *told: str) -> JSONResponse:
    return JSONResponse({"problems": list(told)}, status_code=status)


def _file(name: str) -> str:
    return resources.files("afib.app").joinpath("page", name).read_text(encoding="utf-8")
