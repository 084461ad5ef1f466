"""Documents as RunPod and ComfyUI send them, and what a URL asks for."""

from __future__ import annotations

import pytest

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_contracts.jobs import jobs_of, workflow_in
from comfytape_contracts.outputs import errors_of, images_of
from comfytape_contracts.prompts import prompts_of
from comfytape_contracts.routes import Route, route_of
from comfytape_contracts.wire import JobObject, health_of, job_of

BASE = "https://api.runpod.ai/v2/ep1"


def exchange(method, url, answer=b"", *, sent=b"", status=200, at=0.0):
    """One exchange with a text answer."""
    answer = answer if isinstance(answer, bytes) else answer.encode()
    request = Request(method, url, Headers(), Body.of(sent))
    return Exchange(request, Response(status, "", Headers(), Body.of(answer)), ((at, 1.0),))


@pytest.mark.parametrize(
    ("url", "route"),
    [
        (f"{BASE}/run", Route("runpod", "run", "ep1")),
        (f"{BASE}/status/a-1?ttl=5", Route("runpod", "status", "ep1", "a-1")),
        ("http://127.0.0.1:8900/prefix/v2/ep%201/health", Route("runpod", "health", "ep 1")),
        (f"{BASE}/status-sync/x", Route("runpod", "status-sync", "ep1", "x")),
        ("/v2/ep1/run", Route("runpod", "run", "ep1")),
        ("http://h/object_info", Route("comfyui", "object_info")),
        ("http://h/api/object_info/Sigmas%20Rescale", Route("comfyui", "object_info", "", "Sigmas Rescale")),
        ("http://h/experiment/models/vae", Route("comfyui", "experiment/models", "", "vae")),
        ("http://h/history/abc", Route("comfyui", "history", "", "abc")),
        ("http://h/v2/customnode/installed", Route("comfyui", "v2/customnode/installed")),
        ("http://h/view?filename=a.png", Route("comfyui", "view")),
    ],
)
def test_a_url_has_one_route(url, route):
    """RunPod's below /v2/ENDPOINT, ComfyUI's at the root or below /api."""
    assert route_of(url) == route


def test_workers_that_could_take_a_job_are_counted():
    """Two fields are documented, six come; a throttled or starting worker takes nothing."""
    health = health_of(
        {"jobs": {}, "workers": {"idle": 0, "ready": 1, "running": 2, "throttled": 9, "initializing": 3}}
    )
    assert health.workers.able == 2
    assert health_of({"jobs": {}, "workers": {"throttled": 1}}).workers.able == 0


@pytest.mark.parametrize("document", [None, [], {"jobs": 1}, "text", {"status": "COMPLETED"}])
def test_other_documents_are_neither_health_nor_job(document):
    """Foreign JSON is told apart, not guessed at."""
    assert health_of(document) is None
    assert job_of(document) is None


@pytest.mark.parametrize(
    ("job_input", "found"),
    [
        ({"workflow": {"1": {}}}, {"1": {}}),
        ('{"workflow": {"1": {}}}', {"1": {}}),
        ({"workflow": "text"}, None),
        ({"prompt": "a cat"}, None),
        ("not json", None),
        ("[" * 100_000, None),
        (None, None),
    ],
)
def test_a_workflow_is_found_in_either_form_of_input(job_input, found):
    """worker-comfyui takes the input as an object or as a JSON string."""
    assert workflow_in(job_input) == found


def test_a_job_is_put_together_from_its_exchanges():
    """Submitted, polled, ended: one job with its states, without repeats, in order of submission."""
    tape = [
        exchange(
            "POST", f"{BASE}/run", '{"id": "b", "status": "IN_QUEUE"}', sent=b'{"input": {"workflow": {}}}', at=50
        ),
        exchange("POST", f"{BASE}/run", '{"id": "a", "status": "IN_QUEUE"}', sent=b"no json", at=10),
        exchange("GET", f"{BASE}/status/a", '{"id": "a", "status": "IN_QUEUE"}', at=20),
        exchange("GET", f"{BASE}/status/a", '{"id": "a", "status": "COMPLETED", "output": {}}', at=30),
        exchange("GET", f"{BASE}/status/a", '{"id": "a", "status": "IN_PROGRESS"}', at=31),
        exchange("GET", f"{BASE}/status/a", "<html>", at=32),
        exchange("GET", f"{BASE}/status/a", "[" * 100_000, at=33),
        exchange("GET", f"{BASE}/status/a", '{"id": "a", "status": "FAILED"}', status=500, at=34),
    ]
    first, second = jobs_of(tape)
    assert (first.id, second.id) == ("a", "b")
    assert [state.said.status for state in first.states] == ["IN_QUEUE", "COMPLETED", "IN_PROGRESS"]
    assert (first.status, first.is_final, first.submitted_ms, first.ended_ms) == ("COMPLETED", True, 10, 31)
    assert (first.request, first.input, second.workflow) == (None, None, {})
    assert (second.ended_ms, second.is_final) == (None, False)


def test_a_job_that_was_submitted_before_the_tape_began_is_still_one():
    """An import may start in the middle: the first poll stands for the submission."""
    (job,) = jobs_of([exchange("GET", f"{BASE}/status/a", '{"id": "a", "status": "IN_PROGRESS"}', at=7)])
    assert (job.submitted, job.submitted_ms, job.request, job.workflow) == (None, 7, None, None)


def test_a_cancelled_job_keeps_who_cancelled_it():
    """``/cancel`` on the tape tells a client that gave up from an endpoint that did."""
    (job,) = jobs_of([exchange("POST", f"{BASE}/cancel/a", '{"id": "a", "status": "CANCELLED"}', at=7)])
    assert job.cancelled is not None
    assert job.status == "CANCELLED"


def test_a_cancellation_that_came_too_late_says_nothing_of_the_result():
    """/cancel of a job that had ended names its state alone: the tape does not show that its output is lost."""
    (job,) = jobs_of(
        [
            exchange("GET", f"{BASE}/status/a", '{"id": "a", "status": "IN_PROGRESS"}'),
            exchange("POST", f"{BASE}/cancel/a", '{"id": "a", "status": "COMPLETED"}', at=7),
        ]
    )
    assert (job.status, job.is_final, job.cancelled is not None) == ("IN_PROGRESS", False, True)


def prompt(tape_end, views=()):
    """One prompt with the end of its history."""
    return prompts_of(
        [
            exchange("POST", "http://h/prompt", '{"prompt_id": "p"}', sent=b'{"prompt": {}}'),
            exchange("GET", "http://h/history/p", "{}"),
            exchange("GET", "http://h/history/p", tape_end),
            *views,
        ]
    )


def test_a_prompt_with_its_image_is_a_completed_job():
    """History and view together say what worker-comfyui would have said."""
    view = exchange("GET", "http://h/view?filename=a.png&subfolder=&type=output", b"\x89PNG")
    entry = (
        '{"p": {"status": {"status_str": "success", "messages": [["execution_start", {"timestamp": 1000}], ["odd"],'
        ' ["execution_success", {"timestamp": 3500}]]}, "outputs": {"9": {"images": [{"filename": "a.png",'
        ' "subfolder": "", "type": "output"}, {"filename": "t.png", "type": "temp"}, 5]}, "10": {"text": ["x"]}, "11": 4}}}'
    )
    (job,) = prompt(entry, [view])
    assert (job.status, job.last.execution_ms) == ("COMPLETED", 2500)
    assert [(image.filename, image.read()) for image in images_of(job.last)] == [("a.png", b"\x89PNG")]


def test_an_image_that_was_not_fetched_is_elsewhere():
    """Without ``/view`` on the tape the bytes are unknown."""
    entry = '{"p": {"status": {"status_str": "success"}, "outputs": {"9": {"images": [{"filename": "a.png"}]}}}}'
    (job,) = prompt(entry)
    assert [(image.url, image.data) for image in images_of(job.last)] == [("/view?filename=a.png", b"")]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        (
            '{"p": {"status": {"messages": [["execution_error", {"node_id": 3, "node_type": "V", "exception_message": 0}]]}}}',
            "node 3 (V): 0",
        ),
        ('{"p": {"status": {"status_str": "error", "messages": null}}}', "execution failed"),
        ('{"p": {"status": null, "outputs": []}}', "execution failed"),
    ],
)  # fmt: skip
def test_a_prompt_that_failed_says_where(entry, error):
    """The history's execution_error is the job's error."""
    (job,) = prompt(entry)
    assert (job.status, job.last.error) == ("FAILED", error)


@pytest.mark.parametrize("history", ["{}", "[]", "<html>", "[" * 100_000, '{"p": 3}', '{"q": {}}'])
def test_a_history_without_the_prompt_leaves_it_waiting(history):
    """``{}`` means: waits, runs, or was never there."""
    (job,) = prompt(history)
    assert job.status == "IN_QUEUE"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ('{"error": {"message": "Prompt has no outputs", "details": ""}, "node_errors": {}}', "Prompt has no outputs"),
        ('{"error": "bad", "node_errors": {"4": {"errors": [{"message": "m", "details": "d"}, 3]}, "5": 1}}', "bad; node 4: m: d"),
        ("<html>", "None"),
    ],
)  # fmt: skip
def test_a_refused_prompt_is_a_failed_job(answer, error):
    """400 of ``POST /prompt`` is what worker-comfyui turns into FAILED."""
    (job,) = prompts_of([exchange("POST", "http://h/prompt", answer, status=400)])
    assert (job.status, job.last.error) == ("FAILED", error)


def test_a_prompt_that_met_a_broken_server_is_no_job():
    """A 500 says nothing about the workflow."""
    assert prompts_of([exchange("POST", "http://h/prompt", "oops", status=500)]) == ()


@pytest.mark.parametrize(
    ("output", "errors"),
    [({"errors": ["a", 3]}, ("a", "3")), ({"errors": "a"}, ("a",)), ({"status": "error"}, ("status: error",)), (None, ()), ([], ())],
)  # fmt: skip
def test_errors_in_an_output_are_found_in_every_shape(output, errors):
    """Lists, one string, and the legacy status."""
    assert errors_of(JobObject(id="a", status="COMPLETED", output=output)) == errors


def test_a_legacy_url_is_an_image_elsewhere():
    """worker-comfyui before 5.0 with a bucket: ``message`` is the URL."""
    (image,) = images_of(
        JobObject(id="a", status="COMPLETED", output={"status": "success", "message": "https://b/a.png"})
    )
    assert image.url == "https://b/a.png"
