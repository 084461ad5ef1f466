"""A made-up secret of each kind. Assembled from parts, so that no file holds one whole."""

from __future__ import annotations

LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD3fG6hJ9kL2nP5qR8tV1wX4yZ7bC0"
HEX = "0a1b2c3d4e5f67899f8e7d6c5b4a3021" * 2
PEM = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKjMzEfYyjiWA4R4" + LETTERS

KINDS = {
    "runpod": "rpa_" + LETTERS[:46],
    "runpod-s3": "rps_" + LETTERS[:40],
    "runpod-user": "user_" + LETTERS[:27],
    "comfy-org": "comfyui-" + HEX,
    "huggingface": "hf_" + LETTERS[:34],
    "openai": "sk-" + LETTERS[:48],
    "openai-project": "sk-proj-" + LETTERS[:48],
    "anthropic": "sk-ant-api03-" + LETTERS[:50],
    "stripe": "sk_live_" + LETTERS[:24],
    "github": "ghp_" + LETTERS[:36],
    "github-app": "ghs_" + LETTERS[:36],
    "github-fine": "github_pat_" + LETTERS[:22] + "_" + LETTERS[:40],
    "gitlab": "glpat-" + LETTERS[:20],
    "npm": "npm_" + LETTERS[:36],
    "replicate": "r8_" + LETTERS[:37],
    "groq": "gsk_" + LETTERS[:52],
    "nvidia": "nvapi-" + LETTERS[:50],
    "pypi": "pypi-" + LETTERS[:60],
    "slack-bot": "xoxb-" + "123456789012-123456789012-" + LETTERS[:24],
    "slack-app": "xapp-" + "1-A0123-456-" + LETTERS[:30],
    "aws-id": "AKIA" + "J5QWERTY2POIUZ7X",
    "aws-temporary": "ASIA" + "J5QWERTY2POIUZ7X",
    "google": "AIza" + LETTERS[:35],
    "google-oauth": "ya29." + LETTERS[:50],
    "sendgrid": "SG." + LETTERS[:22] + "." + LETTERS[:43],
    "webhook": "whsec_" + LETTERS[:32],
    "telegram": "123456789:" + "AA" + LETTERS[:33],
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0In0." + LETTERS[:43],
}
"""Each is a secret by its looks alone."""

EMBEDDED = {
    "bearer": ("Authorization: Bearer ", LETTERS[:40], ""),
    "basic": ("authorization: basic ", LETTERS[:40] + "==", ""),
    "slack-webhook": ("https://hooks.slack" + ".com/services/", "T0123ABCD/B0123ABCD/" + LETTERS[:24], ""),
    "discord": ("https://discord.com/api/webhooks/", "123456789012345678/" + LETTERS[:60], ""),
    "signature": ("https://b.s3.example/o.png?X-Amz-Expires=60&X-Amz-Signature=", HEX, ""),
    "credential": ("https://b.s3.example/o.png?X-Amz-Credential=", "AKIA" + "J5QWERTY2POIUZ7X%2F20260801", ""),
    "azure": ("https://b.blob.example/o.png?se=2026&sig=", LETTERS[:40] + "%3D", ""),
    "api-key": ("https://api.runpod.io/graphql?api_key=", LETTERS[:30], "&x=1"),
    "password": ("https://", "alice:" + LETTERS[:10], "@bucket.example/x"),
    "pem": ("-----BEGIN RSA PRIVATE " + "KEY-----", "\n" + PEM + "\n", "-----END RSA PRIVATE KEY-----"),
}
"""What surrounds these gives them away: (before, secret, after)."""
