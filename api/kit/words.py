"""The words people read, loaded from the YAML files in which they were written and approved."""

from pathlib import Path

import yaml

DOMAIN_FOLDER = Path(__file__).parents[2] / "bot" / "domain"


class Words:
    """Responses by name, as Rasa's domain files hold them."""

    def __init__(self, responses: dict[str, str]) -> None:
        self._responses = responses

    def say(self, name: str, variables: dict[str, str] | None = None) -> str:
        """One response with its variables filled in. Raises KeyError for a name or variable that is not there."""
        return self._responses[name].format_map(variables or {})

    def names(self) -> frozenset[str]:
        """Every response there is."""
        return frozenset(self._responses)


def load_words(folder: Path = DOMAIN_FOLDER) -> Words:
    """Reads the `responses` of every domain file; the first variant of each, which is the only one we write."""
    responses: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for name, variants in (content.get("responses") or {}).items():
            responses[name] = str(variants[0]["text"]).strip()
    return Words(responses)
