"""The files that a deployment is made of, read as their programs read them."""

import re
from pathlib import Path
from typing import Any

import yaml

from exporter.settings import declared

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "deploy.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SETTINGS = {one.variable: one for one in declared()}
PORT: int = SETTINGS["PORT"].default
KUBERNETES = sorted((ROOT / "docs" / "kubernetes").glob("*.yaml"))
SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|KEY|AUTH\b")
"""What the name of a variable with a secret has in it."""


def load(path: str) -> Any:
    """What the one document of a YAML file says."""
    return yaml.safe_load((ROOT / path).read_text())


def compose() -> Any:
    """docker-compose.yml, with its variables as they are written."""
    return load("docker-compose.yml")


def services() -> dict[str, Any]:
    """The services of docker-compose.yml by name."""
    return dict(compose()["services"])


def manifests(kind: str) -> list[Any]:
    """The Kubernetes objects of that kind."""
    found = []
    for path in KUBERNETES:
        found += [one for one in yaml.safe_load_all(path.read_text()) if one["kind"] == kind]
    return found


def image_environment() -> dict[str, str]:
    """What the Dockerfile's last stage sets, as far as it names settings."""
    stage = DOCKERFILE.rpartition("\nFROM ")[2].replace("\\\n", " ")
    pairs = re.findall(r"\b([A-Z_]+)=(\S+)", " ".join(re.findall(r"^ENV (.*)$", stage, re.M)))
    return {name: value for name, value in pairs if name in SETTINGS}
