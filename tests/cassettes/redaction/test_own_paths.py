"""Places that are ours to know: what stands there is a secret whatever it looks like, and is then known everywhere."""

from __future__ import annotations

import base64
import json

import pytest

from comfytape_cassettes.redaction import Redactor, harvest

WORD = "hunter" + "2-hunter"  # looks like nothing


def values(**exchange):
    return {secret.value for secret in harvest("https://api.example/v2/ep/run", **exchange)}


BODIES = {
    "worker key": {"input": {"workflow": {}, "comfy_org_api_key": WORD}},
    "worker key, other name": {"input": {"api_key_comfy_org": WORD}},
    "batch": [{"input": {"comfy_org_api_key": WORD}}],
    "prompt": {"prompt": {}, "extra_data": {"api_key_comfy_org": WORD}},
    "prompt token": {"prompt": {}, "extra_data": {"auth_token_comfy_org": WORD}},
    "queue": {"queue_running": [[0, "id", {}, {"api_key_comfy_org": WORD}, []]]},
    "history": {"id": {"prompt": [0, "id", {}, {"api_key_comfy_org": WORD}, []], "outputs": {}}},
    "s3": {"input": {"a": 1}, "s3Config": {"accessId": "x", "accessSecret": WORD}},
    "s3 id": {"s3Config": {"accessId": WORD}},
    "endpoint": {"id": "e", "env": {"HF_TOKEN": WORD}},
    "endpoints": {"endpoints": [{"id": "e", "env": {"BUCKET_SECRET_ACCESS_KEY": WORD}}]},
    "v1 workers": {"id": "e", "workers": [{"env": {"RUNPOD_AI_API_KEY": WORD}}]},
    "v1 template": [{"template": {"env": {"RUNPOD_ENDPOINT_SECRET": WORD}}}],
    "pairs": {"data": {"myself": {"endpoints": [{"env": [{"key": "MY_PASSWORD", "value": WORD}]}]}}},
    "lines": {"env": ["MY_SECRET=" + WORD]},
    "graphql": {"data": {"myself": {"endpoints": [{"aiKey": WORD}]}}},
    "webhook": {"input": {"a": 1}, "webhook": "https://h.example/cb?token=" + WORD},
    "webhook user": {"input": {"a": 1}, "webhookV2": "https://u:" + WORD + "@h.example/cb"},
    "input as text": {"input": json.dumps({"comfy_org_api_key": WORD, "workflow": {"1": "é%20"}})},
}


@pytest.mark.parametrize("name", BODIES)
def test_a_secret_at_our_path_is_masked_there_and_known_elsewhere(name):
    """The body keeps its shape, and the same value in an error text of another answer goes too."""
    body = json.dumps(BODIES[name]).encode()
    assert WORD in values(request_body=body)
    assert WORD in values(response_body=body)
    redactor = Redactor()
    clean, changed = redactor.body(body, "application/json")
    assert changed
    assert WORD.encode() not in clean
    assert shape(json.loads(clean)) == shape(BODIES[name])
    assert redactor.body(clean, "application/json") == (clean, False)
    redactor.add(harvest("", request_body=body))
    assert redactor.text(f"bad key {WORD}!") == "bad key REDACTED!"


def shape(value):
    """Types and names, not contents."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value)


HEADERS = {
    "bearer": ("Authorization", "Bearer " + WORD, "Bearer REDACTED"),
    "bare": ("authorization", WORD, "REDACTED"),
    "basic": ("Authorization", "Basic " + base64.b64encode(b"u:" + WORD.encode()).decode(), "Basic REDACTED"),
    "basic, key as user": (
        "Authorization",
        "Basic " + base64.b64encode(WORD.encode() + b":").decode(),
        "Basic REDACTED",
    ),
    "proxy": ("Proxy-Authorization", "Bearer " + WORD, "Bearer REDACTED"),
    "api key": ("X-API-Key", WORD, "REDACTED"),
    "cookie": ("Cookie", "lang=de; session_token=" + WORD, "lang=REDACTED; session_token=REDACTED"),
    "set-cookie": ("Set-Cookie", f"auth={WORD}; Path=/; HttpOnly", "auth=REDACTED; Path=/; HttpOnly"),
    "location": ("Location", f"https://b.example/o.png?sig={WORD}&x=1", "https://b.example/o.png?sig=REDACTED&x=1"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_carries_a_credential_is_masked_and_learnt(name):
    """Scheme, cookie names and attributes stay; the bare key is known, not only the header's whole value."""
    header, value, masked = HEADERS[name]
    assert Redactor().header(header, value) == masked
    assert Redactor().header(header, masked) == masked
    assert WORD in values(request_headers=[(header, value)])
    assert values(request_headers=[(header, masked)]) == set()


@pytest.mark.parametrize(
    "name", ["api_key", "API_KEY", "access_token", "X-Amz-Signature", "X-Amz-Security-Token", "sig"]
)
def test_a_query_parameter_that_carries_a_key_is_masked_and_learnt(name):
    """Name and neighbours stay; a request URL's parameter is a secret at any length."""
    url = f"https://api.example/graphql?a=1&{name}=x%2Fy-{WORD}&z=2#f"
    assert Redactor().url(url) == f"https://api.example/graphql?a=1&{name}=REDACTED&z=2#f"
    assert {secret.value for secret in harvest(url)} == {"x/y-" + WORD}
    assert Redactor().url(f"https://api.example/?{name}=abc") == f"https://api.example/?{name}=REDACTED"


def test_a_form_body_is_read_as_a_query():
    """The OAuth way of sending a secret."""
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    body = f"grant=x&client_secret={WORD}&y=1".encode()
    assert values(request_headers=headers, request_body=body) == {WORD}
    assert Redactor().body(body, headers[0][1])[0] == b"grant=x&client_secret=REDACTED&y=1"


def test_ordinary_settings_in_an_environment_are_masked_but_not_learnt():
    """`env` values never stay, but a model's name must not vanish from every workflow because it is one."""
    env = {"MODEL": "z_image_turbo_bf16.safetensors", "LEVEL": "DEBUG-verbose", "KEEP": "Qwen2-VL-7B-Instruct"}
    body = json.dumps({"id": "e", "env": env, "workers": {"max": 3}}).encode()
    assert json.loads(Redactor().body(body)[0])["env"] == dict.fromkeys(env, "REDACTED")
    assert values(response_body=body) == set()


def test_a_random_looking_setting_is_learnt_whatever_its_name():
    """A key in a variable with an innocent name is still looked for elsewhere."""
    odd = "a8Kd93jfLs02" + "mDkw9Qz7"
    assert values(response_body=json.dumps({"env": {"THING": odd}}).encode()) == {odd}


def test_a_number_or_a_flag_at_our_path_keeps_its_type():
    """Types survive: a number becomes 0, true stays true."""
    body = b'{"s3Config": {"accessSecret": 12345, "ssl": true, "x": null, "accessId": ""}}'
    assert Redactor().body(body)[0] == b'{"s3Config": {"accessSecret": 0, "ssl": true, "x": null, "accessId": ""}}'


def test_every_duplicate_of_a_key_is_masked():
    """JSON parsers keep the last of two equal names; a secret in the first is still in the bytes."""
    body = b'{"input":{"comfy_org_api_key":"first-one","comfy_org_api_key":"second-one"}}'
    clean = Redactor().body(body)[0]
    assert clean == b'{"input":{"comfy_org_api_key":"REDACTED","comfy_org_api_key":"REDACTED"}}'


def test_a_truncated_body_loses_its_secret_too():
    """An answer that was cut off is no JSON; what was read before the cut counts."""
    body = b'{"s3Config": {"accessSecret": "' + WORD.encode() + b'"}, "input": {"a": '
    assert WORD.encode() not in Redactor().body(body)[0]


def test_the_same_names_elsewhere_are_not_touched():
    """A node input called env, a webhook node, an api_key in a workflow: data, not credentials."""
    body = json.dumps(
        {"input": {"workflow": {"3": {"inputs": {"env": "prod-like", "api_key": "none yet", "webhook": "off"}}}}}
    ).encode()
    assert Redactor().body(body) == (body, False)


def test_a_graphql_mutation_that_sets_env_is_masked():
    """Arguments written into the query text are as secret as variables."""
    query = 'mutation { saveEndpoint(input: {env: [{key: "A", value: "' + WORD + '"}]}) { id } }'
    body = json.dumps({"query": query}).encode()
    assert json.loads(Redactor().body(body)[0])["query"] == query.replace(WORD, "REDACTED")
