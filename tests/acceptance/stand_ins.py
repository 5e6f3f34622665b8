"""The sandbox as tests use it: its journal, its faults, and campaigns to work on."""

from typing import Any

import requests

from tests.waiting import wait_until

TIMEOUT_SECONDS = 30.0
SYMPHONY_KEY = "sandbox-symphony-key"
CYMBAL_KEY = "sandbox-cymbal-key"

Row = dict[str, Any]


class StandIns:
    """One running sandbox, by its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def journal(self, operation: str | None = None) -> list[Row]:
        """What the vendors received, oldest first."""
        return self._get("/_journal", {"operation": operation} if operation else {})

    def wait_for(self, operation: str, count: int = 1, within_seconds: float = 20.0) -> list[Row]:
        """The calls of this operation, as soon as there are `count`."""
        asked = {"operation": operation, "count": count, "timeout": within_seconds}
        answer = self._session.get(f"{self.url}/_journal/wait", params=asked, timeout=within_seconds + 5)
        assert answer.status_code == 200, f"{len(answer.json())} calls of {operation} within {within_seconds:g} s"
        return list(answer.json())

    def fault(self, operation: str, fault: str, **how: Any) -> None:
        """Let the next `times` calls of `operation` fail as `fault` says."""
        self._post("/_faults", {"operation": operation, "fault": fault, **how})

    def clear_faults(self) -> None:
        self._session.delete(f"{self.url}/_faults", timeout=TIMEOUT_SECONDS).raise_for_status()

    def campaigns(self, count: int) -> list[str]:
        """Create campaigns and return their ids, once they may be edited.

        Nobody registered for their webhooks: the tests send these.
        """
        self._post("/_scenarios", {"match": "", "events": ["completed"], "delays": [0]})
        ids = [self._create("Spring tour") for _ in range(count)]
        wait_until(lambda: self._completed() >= set(ids))
        return ids

    def created(self, name: str) -> int:
        """How many campaigns of that name there are."""
        return sum(row["campaign_name"] == name for row in self._campaigns())

    def _campaigns(self) -> list[Row]:
        return list(self._get("/_state/symphony", {})["campaigns"])

    def _create(self, name: str) -> str:
        answer = self._session.post(
            f"{self.url}/symphony/advertising/v1/campaign",
            json=campaign(name),
            headers={"x-api-key": SYMPHONY_KEY},
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.ok, answer.text
        return str(answer.json()["data"]["id"])

    def _completed(self) -> set[str]:
        return {str(row["id"]) for row in self._campaigns() if row["is_completed"]}

    def _get(self, path: str, asked: dict[str, str]) -> Any:
        answer = self._session.get(self.url + path, params=asked, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: Row) -> None:
        answer = self._session.post(self.url + path, json=body, timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text


def campaign(name: str) -> Row:
    """The smallest link_clicks campaign (Symphony, Create campaign)."""
    return {
        "provider": "facebook",
        "campaign_type": "link_clicks",
        "campaign_name": name,
        "metadata": {
            "budget": {"value": 100, "currency": "USD"},
            "start_date": "2026-03-01T05:00:00.000Z",
            "end_date": "2026-03-05T05:00:00.000Z",
            "link_to_boost": "https://example.com/tickets",
            "public_image_links": [{"url": "https://example.com/poster.jpg", "name": "poster"}],
        },
    }
